-- The last position recorded at or before a moment, by bisection: recording times never decrease along the log, so no index is needed.
create or replace function public.position_at(moment timestamptz) returns bigint
language plpgsql stable
as $$
declare
    low bigint := 0;
    high bigint;
    middle bigint;
    found_position bigint;
    found_moment timestamptz;
begin
    select coalesce(max(position), 0) into high from public.events;
    while low < high loop
        middle := (low + high + 1) / 2;
        select position, recorded_at into found_position, found_moment
        from public.events where position >= middle order by position limit 1;
        if found_moment <= moment then
            low := found_position;
        else
            high := middle - 1;
        end if;
    end loop;
    return low;
end
$$;
