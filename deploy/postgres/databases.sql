-- A role and a database for each service, with the password that the environment gives. May be run
-- again at any time: what is there stays, and a changed password is taken over.

\getenv content_password CONTENT_DB_PASSWORD
\getenv bos_password BOS_DB_PASSWORD
\getenv bcs_password BCS_DB_PASSWORD
\getenv els_password ELS_DB_PASSWORD
\getenv spell_password SPELL_DB_PASSWORD
\getenv cj_password CJ_DB_PASSWORD
\getenv ras_password RAS_DB_PASSWORD

CREATE TEMPORARY TABLE wanted (name text, password text);
INSERT INTO wanted VALUES
  ('content_service', :'content_password'),
  ('batch_orchestrator_service', :'bos_password'),
  ('batch_conductor_service', :'bcs_password'),
  ('essay_lifecycle_service', :'els_password'),
  ('spellchecker_service', :'spell_password'),
  ('cj_assessment_service', :'cj_password'),
  ('result_aggregator_service', :'ras_password');

SELECT format('CREATE ROLE %I LOGIN', name)
FROM wanted WHERE name NOT IN (SELECT rolname FROM pg_roles)
\gexec

SELECT format('ALTER ROLE %I PASSWORD %L', name, password)
FROM wanted
\gexec

SELECT format('CREATE DATABASE %I OWNER %I', name, name)
FROM wanted WHERE name NOT IN (SELECT datname FROM pg_database)
\gexec

-- Each service sees its own database only.
SELECT format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', name)
FROM (SELECT name FROM wanted UNION ALL VALUES ('postgres')) AS databases
\gexec
