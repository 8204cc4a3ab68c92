-- Recorded events cannot be changed or deleted, not even by a mistake of the table's owner: only by dropping the trigger, or the table.
create or replace function public.refuse_change() returns trigger
language plpgsql
as $$
begin
    raise exception 'what was recorded is never changed or deleted' using errcode = 'insufficient_privilege';
end
$$;

create or replace trigger events_are_immutable before update or delete or truncate on public.events
for each statement execute function public.refuse_change();
