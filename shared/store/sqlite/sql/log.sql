-- The log in SQLite. Recorded events never change, and new ones go to the end: the triggers refuse everything else.
create table if not exists events (
    position integer primary key,
    stream text not null,
    version integer not null,
    type text not null,
    recorded_at text not null,
    message text not null check (json_valid(message)),
    unique (stream, version)
) strict;

create trigger if not exists events_never_change before update on events
begin
    select raise(abort, 'what was recorded is never changed');
end;

create trigger if not exists events_never_go before delete on events
begin
    select raise(abort, 'what was recorded is never deleted');
end;

-- `insert or replace` deletes the rows that have the same position, or the same stream and version, and fires no delete trigger for them.
create trigger if not exists events_are_never_replaced before insert on events
when new.position is not (select coalesce(max(position), 0) + 1 from events)
or exists (select 1 from events where stream = new.stream and version = new.version)
begin
    select raise(abort, 'what was recorded is never replaced');
end;
