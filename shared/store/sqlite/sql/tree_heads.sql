-- How the log was sealed: shared/store/tree_heads.py says what the columns mean. Heads never change, and new ones go to the end.
create table if not exists tree_heads (
    size integer primary key,
    position integer not null,
    note text not null,
    subtrees text not null,
    leaves text not null
) strict;

create trigger if not exists tree_heads_never_change before update on tree_heads
begin
    select raise(abort, 'what was signed is never changed');
end;

create trigger if not exists tree_heads_never_go before delete on tree_heads
begin
    select raise(abort, 'what was signed is never deleted');
end;

create trigger if not exists tree_heads_only_grow before insert on tree_heads
when new.size <= (select coalesce(max(size), 0) from tree_heads)
begin
    select raise(abort, 'what was signed is never replaced');
end;
