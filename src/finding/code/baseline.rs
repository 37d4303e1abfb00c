//! `baseline`.

use super::Code;

codes! {
    BL101 Error | Warning:
        "a statement takes longer than before",
        "The application waits for it at every call; the detail names the likely causes, and `error` means a tenth or more of all statements' time",
        "Mend the cause; `baseline explain` shows its plans";
    BL102 Error:
        "the planner has no statistics of a table",
        "It guesses: the same statement may read the whole table, or join rows one by one",
        "ANALYZE, before the application comes back";
    BL103 Error:
        "an index that was used is missing",
        "What it served reads the whole table",
        "Create it";
    BL104 Warning:
        "each transaction reads more blocks from outside of shared buffers",
        "A new server's cache is empty, or smaller",
        "Warm it before the cutover (`pg_prewarm`), compare `shared_buffers`, look again in an hour";
    BL105 Warning:
        "sessions wait longer for locks, or deadlock",
        "Transactions that take longer hold their locks longer",
        "Look at slower statements first, then at who blocks whom";
    BL106 Warning:
        "vacuum is behind on a table",
        "Dead rows make every scan of it longer",
        "VACUUM it; compare the autovacuum settings of both servers";
    BL107 Warning:
        "a block takes longer to be read",
        "Everything that is not cached waits for the disk",
        "Compare disks and their limits";
    BL108 Warning:
        "replicas are further behind",
        "They serve older rows, and a failover loses more",
        "Look at the replicas and the way to them";
    BL109 Info:
        "settings that plans depend on differ",
        "The same statement may be planned in another way",
        "Set them as they were, or be sure that they are meant";
    BL110 Warning:
        "a figure of the database is worse",
        "It changed by more than the windows differ in themselves",
        "Compare settings, and what sessions wait for";
    BL111 Info:
        "something was not compared",
        "Nothing can be said of it",
        "Take windows that have it: `pg_stat_statements`, more intervals, no reset";
    BL112 Warning:
        "each transaction writes more temporary files",
        "Sorts and hashes no longer fit into memory",
        "Compare `work_mem` and `hash_mem_multiplier`";
    BL113 Error | Warning:
        "all statements take longer by about the same factor",
        "No plan is to blame: the server is slower, or busy with something else; `error` means twice as long or more",
        "Compare processors, disks and neighbours";
    BL114 Info:
        "the load differs between the windows",
        "They are compared for each call and transaction, but caches and queues depend on load",
        "Compare the same hour of the same weekday";
    BL115 Info:
        "a statement was not there before and takes much of the time",
        "There is nothing to compare it with: the application changed, or a version words it in another way",
        "See whether it takes the place of another one";
    BL201 Error | Warning:
        "a table is read whole where an index was used",
        "A call that looked at a few blocks looks at all of them; a warning where the planner expects it to cost no more",
        "Mend the cause that the detail names: statistics, an index, a setting";
    BL202 Error:
        "the inner side of a nested loop runs for many more rows",
        "It is carried out once for each of them",
        "Mend the cause that the detail names: statistics, an index, a setting";
    BL203 Warning:
        "a sort or hash no longer fits into memory",
        "It writes temporary files",
        "Set `work_mem` as it was, or for the role that runs the statement";
    BL204 Info | Warning:
        "a statement is not planned",
        "Its plan is not known; a warning where only the new server refuses it, as the application's call may be refused, too",
        "Try it by hand with values: types of parameters may be unknown, objects missing, the login not allowed";
    BL205 Error:
        "the new server has no statistics of a table that heavy statements read",
        "Its planner guesses",
        "ANALYZE, before the application comes";
    BL206 Error:
        "the new server lacks an index that heavy statements use",
        "They read the whole table",
        "Create it";
    BL207 Info:
        "settings that plans depend on differ between both servers",
        "The same statement may be planned in another way",
        "Set them as they were, or be sure that they are meant";
    BL208 Info:
        "a statement has another plan of a kind that is not worse by itself",
        "Another order or method of joining may be better or worse",
        "Try it with values on the new server";
}
