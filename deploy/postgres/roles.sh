#!/bin/bash
# The databases and the roles that log in; the image of PostgreSQL runs it once, on an empty server. Passwords are given by the environment:
# PARCOURS_OWNER_PASSWORD, PARCOURS_INTAKE_PASSWORD, …
#
#   parcours_owner                  owns the log: `parcours setup` makes its tables as this role, and grants the others their rights
#   parcours_intake, …              one for each process; deploy/postgres/parcours_intake.sql, … show what each may do
#   parcours_persons                owns the keys of persons, in a database of its own: who has a copy of the log must not have them
#   parcours_reporting              also owns the read models, which can be thrown away and built again
set -euo pipefail

run() { psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "${1:-postgres}"; }

for process in owner persons intake coaching referrals reporting webhooks accounts gateway relay; do
    run <<SQL
\getenv password PARCOURS_${process^^}_PASSWORD
create role parcours_$process login password :'password';
SQL
done

run <<'SQL'
create database parcours_log owner parcours_owner;
create database parcours_reports owner parcours_reporting;
create database parcours_person_keys owner parcours_persons;
revoke all on database parcours_log from public;
revoke all on database parcours_reports from public;
revoke all on database parcours_person_keys from public;
grant connect on database parcours_log
to parcours_intake, parcours_coaching, parcours_referrals, parcours_reporting, parcours_webhooks, parcours_accounts, parcours_gateway, parcours_relay;
SQL

public() { run "$1" <<<"revoke create on schema public from public; grant all on schema public to $2;"; } # until PostgreSQL 15, all may
public parcours_log parcours_owner
public parcours_reports parcours_reporting
public parcours_person_keys parcours_persons
