-- The log and its checkpoints in SQLite. What was recorded stays: the triggers refuse every change of it.
create table if not exists events (
    position integer primary key,
    stream text not null,
    version integer not null,
    type text not null,
    recorded_at text not null,
    message text not null check (json_valid(message)),
    unique (stream, version)
) strict;

create table if not exists checkpoints (name text primary key, position integer not null) strict, without rowid;

create trigger if not exists events_never_change before update on events
begin
    select raise(abort, 'what was recorded is never changed');
end;

create trigger if not exists events_never_go before delete on events
begin
    select raise(abort, 'what was recorded is never deleted');
end;
