-- What webhooks have sent: shared/store/deliveries.py says what the columns mean. Texts of instants are UTC, so that they sort.
create table if not exists public.webhooks (
    webhook text primary key,
    actor text not null,
    "role" text not null,
    organisation text not null,
    created bigint not null,
    deleted boolean not null default false,
    run integer not null default 0,
    position bigint not null default 0
);

create table if not exists public.webhook_deliveries (
    webhook text not null,
    run integer not null,
    message text not null,
    position bigint not null,
    type text not null,
    status text not null,
    attempts integer not null,
    resumptions integer not null,
    answer integer,
    fault text,
    first_at text not null,
    last_at text not null,
    next_at text,
    primary key (webhook, run, message)
);

create index if not exists webhook_deliveries_by_time on public.webhook_deliveries (webhook, last_at);
