#!/bin/bash
# The databases and who may do what in them; the image of PostgreSQL runs it once, on an empty server. The passwords are given by
# the environment: PARCOURS_OWNER_PASSWORD, PARCOURS_SERVICES_PASSWORD, PARCOURS_REPORTS_PASSWORD, PARCOURS_PERSONS_PASSWORD.
#
#   parcours_owner     owns the log: it makes the tables and grants the rights (shared/store/postgres/sql/roles.sql); no service runs as it
#   parcours_services  what services log in as: reads the log, appends through one function, moves checkpoints; changes no event
#   parcours_reports   owns the read models, which can be thrown away and built again
#   parcours_persons   owns the keys of persons, in a database of its own: who has a copy of the log must not have them
set -euo pipefail

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv owner_password PARCOURS_OWNER_PASSWORD
\getenv services_password PARCOURS_SERVICES_PASSWORD
\getenv reports_password PARCOURS_REPORTS_PASSWORD
\getenv persons_password PARCOURS_PERSONS_PASSWORD
create role parcours_service nologin;
create role parcours_owner login password :'owner_password';
create role parcours_services login password :'services_password' in role parcours_service;
create role parcours_reports login password :'reports_password';
create role parcours_persons login password :'persons_password';
create database parcours_log owner parcours_owner;
create database parcours_reports owner parcours_reports;
create database parcours_person_keys owner parcours_persons;
revoke all on database parcours_log from public;
revoke all on database parcours_reports from public;
revoke all on database parcours_person_keys from public;
grant connect on database parcours_log to parcours_service;
SQL
