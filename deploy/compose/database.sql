-- Run once by the PostgreSQL image, when it makes its data folder: the role and the database that compose.yaml names.
--
-- UNTESTED in a container: see README.md.
--
-- The image gives the password to the superuser first. It is Mintmark's alone afterwards: nobody reaches the superuser over
-- the network, and Mintmark owns its database and nothing else.

\set ON_ERROR_STOP on
\getenv password POSTGRES_PASSWORD
CREATE ROLE mintmark LOGIN PASSWORD :'password';
CREATE DATABASE mintmark OWNER mintmark;
REVOKE ALL ON DATABASE mintmark FROM PUBLIC;
ALTER ROLE postgres PASSWORD NULL;
