-- How the log was sealed: shared/store/tree_heads.py says what the columns mean. Heads never change, and new ones go to the end.
create table if not exists public.tree_heads (
    "size" bigint primary key,
    position bigint not null,
    note text not null,
    subtrees text not null,
    leaves text not null
);

create or replace trigger tree_heads_are_immutable before update or delete or truncate on public.tree_heads
for each statement execute function public.refuse_change();

do $$
begin
    if to_regrole('parcours_service') is not null then
        grant select, insert on public.tree_heads to parcours_service;
    end if;
end
$$;
