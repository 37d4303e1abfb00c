//! `check`: what the publisher's database holds against what the subscriber's does.

use super::Code;

codes! {
    IV101 Error | Warning | Info:
        "a role differs",
        "Its sessions are refused, or may do less or more than before",
        "Run the ALTER ROLE in the hint, or accept the difference";
    IV102 Error | Warning | Info:
        "a login role has no password on the subscriber, or one of another kind",
        "Nobody can log in as that role after the cutover",
        "Set the password, or accept it where another way of authentication is used";
    IV103 Error | Warning:
        "a membership of a role differs",
        "The role loses or gains what the other one may do",
        "Run the GRANT in the hint";
    IV104 Error | Warning:
        "a setting of a role, of the database, or of both differs",
        "The application runs with another `search_path`, time zone or timeout",
        "Run the ALTER ROLE or ALTER DATABASE in the hint";
    IV105 Error | Warning:
        "the database differs: owner, privileges, encoding, locale, connection limit",
        "No step carries it over",
        "Run the ALTER DATABASE in the hint; encoding and locale are chosen when a database is created";
    IV106 Error | Warning | Info:
        "a tablespace differs",
        "Objects end in another one, or cannot be created",
        "Run CREATE TABLESPACE on the subscriber, or accept the difference";
    IV201 Error | Warning | Info:
        "a table or view differs",
        "The application finds something else under the name",
        "Run the statement in the hint, or repeat the step that creates the schema";
    IV202 Error | Warning:
        "a column differs",
        "Rows are refused, or get other values",
        "Run the ALTER TABLE in the hint";
    IV203 Error | Warning | Info:
        "a constraint differs",
        "Rows are refused that were taken before, or taken that were refused",
        "Run the ALTER TABLE in the hint";
    IV204 Error | Warning | Info:
        "an index differs or is invalid",
        "Queries become slow, and keys are no longer unique",
        "Repeat the step that builds indexes, or run the statement in the hint";
    IV205 Error | Warning | Info:
        "a trigger, rule or event trigger differs",
        "What it did is not done any more, or done although it was switched off",
        "Run the statement in the hint";
    IV206 Error | Warning | Info:
        "row security or one of its policies differs",
        "Tenants see rows of others, or none",
        "Run the statement in the hint";
    IV207 Error | Warning | Info:
        "the definition of a sequence differs",
        "The application gets other numbers",
        "Run the ALTER SEQUENCE in the hint";
    IV208 Warning | Info:
        "extended statistics differ",
        "The planner chooses other plans",
        "Repeat the step that creates foreign keys, triggers and statistics";
    IV301 Error | Warning:
        "a schema differs",
        "Its objects are not found",
        "Run the statement in the hint, or repeat the step that creates the schema";
    IV302 Error | Warning:
        "a function, procedure or aggregate differs",
        "The application gets other results",
        "Repeat the step that creates the schema, or run the statement in the hint";
    IV303 Error | Warning:
        "a type or domain differs",
        "Values are refused, or ordered in another way",
        "Repeat the step that creates the schema, or run the statement in the hint";
    IV304 Error | Warning | Info:
        "an operator, cast, collation, conversion, language or part of text search differs",
        "Queries fail or give other results",
        "Repeat the step that creates the schema";
    IV305 Error | Warning | Info:
        "an extension is missing, not available or of another version",
        "Its types and functions are missing, or behave in another way",
        "Install its package on the subscriber; CREATE EXTENSION, ALTER EXTENSION ... UPDATE";
    IV306 Error | Warning | Info:
        "a table of an extension holds rows of users that the subscriber lacks",
        "Neither a dump of the schema nor a publication carries them",
        "Dump the rows of that table at the cutover";
    IV307 Error | Warning | Info:
        "a foreign-data wrapper, server, table or user mapping differs",
        "Foreign tables cannot be read",
        "Run the statement in the hint";
    IV308 Error | Warning | Info:
        "a publication, subscription or logical slot of somebody else is missing",
        "Whoever reads it misses every change from the cutover on",
        "Create it on the subscriber before writes open, or accept the difference";
    IV309 Error | Warning:
        "large objects differ",
        "They are not replicated",
        "Copy them at the cutover with `pg_dump --large-objects`";
    IV401 Error | Warning:
        "the owner of an object differs",
        "The owner may no longer change it, and somebody else may",
        "Run the ALTER ... OWNER TO in the hint";
    IV402 Error | Warning:
        "privileges differ",
        "The application is refused what it was allowed, or the reverse",
        "Run the GRANT or REVOKE that the detail shows";
    IV403 Error | Warning | Info:
        "a comment or security label differs",
        "Tools that read it behave in another way",
        "Repeat the step that creates the schema";
    IV901 Warning:
        "something of the databases could not be seen",
        "Whatever depends on it was not compared",
        "Run the GRANT in the hint, or compare as a superuser";
    IV902 Warning:
        "an accepted difference does not exist",
        "It was mended, or its line has a mistake; it would hide a difference that comes later",
        "Remove the line";
    IV903 Info:
        "differences were accepted",
        "They are not reported again",
        "Read the file now and then";
    IV904 Warning:
        "all objects are missing that a step of the schema creates",
        "They are compared one by one once that step has run; if it has, the application misses them",
        "Run the step, then `check` again";
}
