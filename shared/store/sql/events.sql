-- The log: one table, two btrees, no other index. `json` and not `jsonb`: the bytes stay as the writer made them, and loads go faster.
create table if not exists public.events (
    position bigint primary key,
    stream text not null,
    version bigint not null,
    type text not null,
    recorded_at timestamptz not null,
    body json not null,
    unique (stream, version)
);

create table if not exists public.checkpoints (name text primary key, position bigint not null);
