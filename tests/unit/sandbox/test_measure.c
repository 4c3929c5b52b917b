/* SPDX-License-Identifier: Apache-2.0 */
/* Plan against measurement: what agrees passes; each value that contradicts is refused, by its name. */
#include <sys/resource.h>

#include "sandbox/measure_mounts.h"
#include "scene.h"

enum { OWN = 4026531800, OTHER = 4026532900 };

static const struct csc_process_status stripped = {
    .uid = {SCENE_USER, SCENE_USER, SCENE_USER, SCENE_USER},
    .gid = {SCENE_USER, SCENE_USER, SCENE_USER, SCENE_USER},
    .no_new_privs = 1,
    .seccomp = 2,
    .seccomp_filters = 1,
};

/* Limits of memory and processes are a control group's. */
static void begin(struct scene *scene)
{
    scene_begin(scene);
    scene_read(scene, "/da ta");
    scene_write(scene, "/work/out");
    scene->survey.cgroups.holder[CSC_CONTROLLER_MEMORY] = CSC_HOLDER_CGROUP1;
    scene->survey.cgroups.holder[CSC_CONTROLLER_PIDS] = CSC_HOLDER_CGROUP1;
    scene_must_plan(scene);
}

/* What a sandbox as planned shows. */
static void fill(const struct csc_plan *plan, struct csc_measurement *m)
{
    struct csc_measured_outside *outside = &m->outside;

    *m = (struct csc_measurement){
        .taken = true, .backend = plan->backend, .inside.status = stripped, .outside.status = stripped};
    m->inside.landlock_abi = plan->landlock_abi;
    m->inside.landlock_refuses = m->inside.own_session = m->inside.own_hostname = 1;
    for (size_t i = 0; i < plan->limit_count; i++)
        if (plan->limits[i].resource >= 0)
            m->inside.limits[m->inside.limit_count++] = (struct csc_measured_limit){
                plan->limits[i].resource, (uint64_t)plan->limits[i].value,
                (uint64_t)plan->limits[i].value + (plan->limits[i].resource == RLIMIT_CPU ? 2 : 0)};
    outside->has_status = outside->has_maps = outside->has_mounts = outside->has_membership = outside->is_member = true;
    outside->uid_map = outside->gid_map = (struct csc_id_range){SCENE_USER, SCENE_USER, 1};
    for (int i = 0; i < CSC_NAMESPACE_COUNT; i++) {
        m->own_namespace[i] = OWN + (uint64_t)i;
        m->inside.namespace[i] = outside->namespace[i] = OTHER + (uint64_t)i;
        outside->has_namespace[i] = true;
    }
    for (int i = 0; i < CSC_CONTROLLER_CPU; i++)
        outside->has_limit[i] = true;
    outside->limit[CSC_CONTROLLER_MEMORY] = csc_plan_limit(plan, "memory_bytes")->value / 4096 * 4096;
    outside->limit[CSC_CONTROLLER_PIDS] = csc_plan_limit(plan, "processes")->value;
}

/* ---- one value at a time ------------------------------------------------------------------------------------------
 */

#define AT(member) offsetof(struct csc_measurement, member), sizeof(((struct csc_measurement *)NULL)->member)

static const struct {
    const char *title;
    size_t offset, size;
    int64_t value;
    const char *name;  /* that is refused; NULL: it agrees */
    const char *words; /* in the text */
} changes[] = {
    {"as planned", AT(taken), true, NULL, NULL},
    {"nothing measured", AT(taken), false, "csc-init", "nothing"},
    {"executor", AT(backend), CSC_BACKEND_NATIVE, "executor", "native, bwrap was planned"},

    {"a session of csc's", AT(inside.own_session), 0, "session", "one of its own was planned"},
    {"the host's name", AT(inside.own_hostname), 0, "host name", "'csc' was planned"},
    {"no_new_privs inside", AT(inside.status.no_new_privs), 0, "NoNewPrivs", "0 inside, 1 was planned"},
    {"no_new_privs outside", AT(outside.status.no_new_privs), 0, "NoNewPrivs", "0 outside"},
    {"no filter inside", AT(inside.status.seccomp), 0, "Seccomp", "mode 0 inside, 2"},
    {"strict mode outside", AT(outside.status.seccomp), 1, "Seccomp", "mode 1 outside"},
    {"only filters of csc's own", AT(own_filters), 1, "Seccomp_filters", "1 inside, one more than the 1 of csc"},
    {"filters not counted", AT(inside.status.seccomp_filters), -1, NULL, NULL},
    {"no filter outside", AT(outside.status.seccomp_filters), 0, "Seccomp_filters", "0 outside"},
    {"more filters", AT(outside.status.seccomp_filters), 3, NULL, NULL},
    {"inheritable", AT(inside.status.capabilities[0]), 1, "CapInh", "0000000000000001 inside"},
    {"permitted", AT(inside.status.capabilities[1]), 1 << 21, "CapPrm", "0000000000200000 inside"},
    {"effective", AT(inside.status.capabilities[2]), 2, "CapEff", "none was planned"},
    {"bounding", AT(inside.status.capabilities[3]), -1, "CapBnd", "ffffffffffffffff"},
    {"ambient", AT(inside.status.capabilities[4]), 1, "CapAmb", "inside"},
    {"inheritable outside", AT(outside.status.capabilities[0]), 1, "CapInh", "outside"},
    {"permitted outside", AT(outside.status.capabilities[1]), 1, "CapPrm", "outside"},
    {"effective outside", AT(outside.status.capabilities[2]), 1, "CapEff", "outside"},
    {"bounding outside", AT(outside.status.capabilities[3]), 1, "CapBnd", "outside"},
    {"ambient outside", AT(outside.status.capabilities[4]), 1, "CapAmb", "outside"},
    {"real uid inside", AT(inside.status.uid[0]), 0, "Uid", "0 inside, 1000 was planned"},
    {"saved uid inside", AT(inside.status.uid[2]), 0, "Uid", "0 inside"},
    {"effective uid outside", AT(outside.status.uid[1]), 0, "Uid", "0 outside"},
    {"gid inside", AT(inside.status.gid[3]), 0, "Gid", "0 inside"},
    {"gid outside", AT(outside.status.gid[0]), 5, "Gid", "5 outside"},
    {"outside not seen", AT(outside.has_status), false, NULL, NULL},

    {"map of another user", AT(outside.uid_map.outside), 0, "uid_map", "'1000 0 1', '1000 1000 1' was planned"},
    {"map to another user", AT(outside.uid_map.inside), 0, "uid_map", "'0 1000 1'"},
    {"map of many users", AT(outside.uid_map.count), 65536, "uid_map", "65536"},
    {"map of several lines", AT(outside.uid_map.count), 0, "uid_map", "'1000 1000 0'"},
    {"map of another group", AT(outside.gid_map.outside), 0, "gid_map", "'1000 0 1'"},
    {"map of many groups", AT(outside.gid_map.count), 2, "gid_map", "2"},
    {"maps not seen", AT(outside.has_maps), false, NULL, NULL},

    {"csc's user namespace", AT(inside.namespace[0]), OWN, "user", "inside"},
    {"csc's user namespace, from outside", AT(own_namespace[0]), OTHER, "user", "csc's own, another one was planned"},
    {"csc's mounts", AT(own_namespace[1]), OTHER + 1, "mnt", "csc's own"},
    {"csc's processes", AT(own_namespace[2]), OTHER + 2, "pid", "csc's own"},
    {"csc's IPC", AT(own_namespace[3]), OTHER + 3, "ipc", "csc's own"},
    {"csc's host name", AT(own_namespace[4]), OTHER + 4, "uts", "csc's own"},
    {"csc's control groups", AT(own_namespace[5]), OTHER + 5, "cgroup", "csc's own"},
    {"csc's network", AT(own_namespace[6]), OTHER + 6, "net", "csc's own"},
    {"a third one", AT(outside.namespace[3]), 7, "ipc", "inside, 7 outside"},
    {"not seen inside", AT(inside.namespace[3]), 0, NULL, NULL},
    {"not seen outside", AT(outside.has_namespace[3]), false, NULL, NULL},
    {"csc's not seen", AT(own_namespace[3]), 0, NULL, NULL},

    {"a lower level of Landlock", AT(inside.landlock_abi), 1, "Landlock", "level 1, 6 was planned"},
    {"no Landlock", AT(inside.landlock_abi), 0, "Landlock", "level 0"},
    {"Landlock in name", AT(inside.landlock_refuses), 0, "Landlock", "no rule grants was opened"},
    {"Landlock not tried", AT(inside.landlock_refuses), -1, "Landlock",
     "could not be opened before, level 6 was planned"},

    {"more processor time", AT(inside.limits[0].soft), 301, "cpu_sec", "301"},
    {"a hard limit above", AT(inside.limits[0].hard), 303, "cpu_sec", "(303 at most), 300 was planned"},
    {"less processor time", AT(inside.limits[0].soft), 5, NULL, NULL},
    {"no limit of files", AT(inside.limits[1].soft), -1, "file_bytes", "18446744073709551615"},
    {"a limit that is not there", AT(inside.limit_count), 3, "locked_bytes", "no limit"},
    {"of something else", AT(inside.limits[2].resource), 15, "open_files", "no limit"},

    {"memory not limited", AT(outside.limit[0]), -1, "memory_bytes", "-1 in the control group"},
    {"more memory", AT(outside.limit[0]), INT64_MAX, "memory_bytes", "was planned"},
    {"less memory", AT(outside.limit[0]), 4096, "memory_bytes", "4096"},
    {"more processes", AT(outside.limit[1]), 100000, "processes", "100000"},
    {"processes not limited", AT(outside.limit[1]), -1, "processes", "-1"},
    {"groups not read", AT(outside.has_limit[1]), false, NULL, NULL},
    {"not in the groups", AT(outside.is_member), false, "cgroup", "not in its control groups"},

    {"a mount is missing", AT(outside.mount_fault[0]), 'x', "mounts", "x"},
};

static void test_changes(void **state)
{
    struct csc_measurement m;
    struct scene scene;
    char text[200];

    (void)state;
    begin(&scene);
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        fill(scene.plan, &m);
        text[0] = '\0';
        memcpy((char *)&m + changes[i].offset, &changes[i].value, changes[i].size);
        const char *name = csc_measurement_check(scene.plan, &m, text, sizeof(text));
        if (!name != !changes[i].name || (name && strcmp(name, changes[i].name) != 0) ||
            (name && !strstr(text, changes[i].words)))
            fail_msg("%s: %s: %s", changes[i].title, name ? name : "(passes)", text);
    }
    scene_end(&scene);
}

static void test_host_network(void **state)
{
    struct csc_measurement m;
    struct scene scene;
    char text[200];

    (void)state;
    begin(&scene);
    scene.plan->host_network = true;
    fill(scene.plan, &m);
    assert_string_equal(csc_measurement_check(scene.plan, &m, text, sizeof(text)), "net");
    assert_non_null(strstr(text, "the host's was planned"));
    m.own_namespace[CSC_NAMESPACE_NETWORK] = OTHER + CSC_NAMESPACE_NETWORK;
    assert_null(csc_measurement_check(scene.plan, &m, text, sizeof(text)));
    scene_end(&scene);
}

static void test_lacks(void **state)
{
    static const struct {
        size_t offset, size;
        int64_t value;
        const char *name;
    } cases[] = {
        {AT(inside.namespace[2]), 0, "inside.namespaces"},
        {AT(inside.status.seccomp_filters), -1, "inside.seccompFilters"},
        {AT(own_filters), -1, "inside.seccompFilters"},
        {AT(inside.landlock_refuses), -1, "inside.landlockRefuses"},
        {AT(outside.has_status), false, "outside.status"},
        {AT(outside.has_maps), false, "outside.uidMap"},
        {AT(outside.namespace[6]), 0, "outside.namespaces"},
        {AT(own_namespace[0]), 0, "outside.runnerNamespaces"},
        {AT(outside.has_mounts), false, "outside.mountTable"},
        {AT(outside.has_membership), false, "outside.controlGroups"},
        {AT(executor_version[0]), 0, "executor.version"},
        {AT(executor_sha256[0]), 0, "executor.sha256"},
        {AT(init_sha256[0]), 0, "executor.initSha256"},
    };
    struct csc_measurement m;
    struct scene scene;

    (void)state;
    begin(&scene);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        fill(scene.plan, &m);
        m.executor_version[0] = m.executor_sha256[0] = m.init_sha256[0] = 'x';
        assert_null(csc_measurement_lacks(scene.plan, &m, 0));
        memcpy((char *)&m + cases[i].offset, &cases[i].value, cases[i].size);
        assert_string_equal(csc_measurement_lacks(scene.plan, &m, 0), cases[i].name);
        assert_null(csc_measurement_lacks(scene.plan, &m, 1));
    }
    scene_end(&scene);
}

/* ---- mount tables -------------------------------------------------------------------------------------------------
 */

static const char table[] = "900 899 0:40 / / ro,nosuid,nodev,relatime - tmpfs csc rw,size=4k\n"
                            "901 900 8:1 /usr /usr ro,nosuid,nodev - ext4 /dev/sda1 rw\n"
                            "902 900 8:1 /certs /etc/ssl/certs ro,nosuid,nodev - ext4 /dev/sda1 rw\n"
                            "903 900 0:41 / /proc ro,nosuid,nodev,noexec - proc proc rw\n"
                            "904 903 0:5 /null /proc/kcore ro,nosuid,nodev - devtmpfs udev rw\n"
                            "905 900 0:42 / /dev ro,nosuid - tmpfs csc rw\n"
                            "906 905 0:43 / /dev/shm rw,nosuid,nodev - tmpfs csc rw,size=4k\n"
                            "907 900 0:44 / /tmp rw,nosuid,nodev - tmpfs csc rw,size=4k\n"
                            "908 900 0:45 / /.csc/home rw,nosuid,nodev - tmpfs csc rw,size=4k\n"
                            "909 900 8:1 /data /da\\040ta ro,nosuid,nodev master:7 - ext4 /dev/sda1 rw\n"
                            "910 900 8:1 /work /work ro,nosuid,nodev - ext4 /dev/sda1 rw\n"
                            "911 910 8:1 /work/out /work/out rw,nosuid,nodev - ext4 /dev/sda1 rw\n"
                            "912 900 8:1 /csc-init /.csc/init ro,nosuid,nodev - ext4 /dev/sda1 rw\n";

/* `from` becomes `to`. */
static const struct {
    const char *title, *from, *to;
    bool same;         /* the digest */
    const char *fault; /* NULL: there is none */
} tables[] = {
    {"as planned", "", "", true, NULL},
    {"other numbers", "901 900 8:1", "33 900 8:17", true, NULL},
    {"another peer group", "master:7", "master:12", true, NULL},
    {"propagation", "master:7 ", "", false, NULL},
    {"shared", "master:7 ", "master:7 shared:3 ", false, NULL},
    {"another source", "/certs /etc", "/other /etc", false, NULL},
    {"an option of the file system", "size=4k", "size=8k", false, NULL},
    {"one more", "912 900", "913 900 8:1 /x /x rw - ext4 /dev/sda1 rw\n912 900", false,
     "'/x' is mounted, which was not planned"},
    {"missing", "901 900 8:1 /usr /usr", "901 900 8:1 /usr /usr2", false, "'/usr' is not mounted, as was planned"},
    {"writable", "/usr /usr ro,", "/usr /usr rw,", false, "'/usr' is not read-only, as was planned"},
    {"setuid", "/usr /usr ro,nosuid,", "/usr /usr ro,", false, "'/usr' is not nosuid, as was planned"},
    {"devices", "/work/out rw,nosuid,nodev", "/work/out rw,nosuid", false, "'/work/out' is not nodev, as was planned"},
    {"scope not mounted", "/da\\040ta ro", "/data ro", false, "'/da ta' is not mounted, as was planned"},
    {"another /proc", "- proc proc rw", "- tmpfs proc rw", false, "'/proc' is another file system, as was planned"},
    {"/proc writable", "/proc ro", "/proc rw", false, "'/proc' is not read-only, as was planned"},
    {"no mask", "/proc/kcore", "/proc/kcor", false, "'/proc/kcore' is not mounted, as was planned"},
    {"/dev writable", "/ /dev ro", "/ /dev rw", false, "'/dev' is not read-only, as was planned"},
    {"/tmp not private", "/ /tmp rw,nosuid,nodev - tmpfs", "/ /tmp rw,nosuid,nodev - ext4", false,
     "'/tmp' is another file system, as was planned"},
    {"the root writable", "/ / ro", "/ / rw", false, "'/' is not read-only, as was planned"},
    {"the host's root above", "912 900", "40 900 8:1 / / rw - ext4 /dev/sda1 rw\n912 900", false,
     "'/' is mounted more than once"},
    {"another root", "ro,nosuid,nodev,relatime - tmpfs csc", "ro,nosuid,nodev,relatime - ext4 csc", false,
     "'/' is another file system, not as was planned"},
    {"devices and terminals", "906 905",
     "920 905 0:5 /null /dev/null rw,nosuid - devtmpfs udev rw\n"
     "921 905 0:6 / /dev/pts rw,nosuid - devpts devpts rw\n906 905",
     false, NULL},
    {"another device", "906 905", "920 905 0:5 /sda /dev/sda rw,nosuid - devtmpfs udev rw\n906 905", false,
     "'/dev/sda' is mounted, which was not planned"},
    {"a device twice", "906 905",
     "920 905 0:5 /null /dev/null rw - devtmpfs udev rw\n921 920 0:5 /sda /dev/null rw - devtmpfs udev rw\n906 905",
     false, "'/dev/null' is mounted more often than was planned"},
    {"what bwrap covers", "904 903", "920 903 0:41 /bus /proc/bus ro,nosuid,nodev - proc proc rw\n904 903", false,
     NULL},
    {"what bwrap does not cover", "904 903", "920 903 0:41 /bus /proc/bus rw,nosuid,nodev - proc proc rw\n904 903",
     false, "'/proc/bus' is mounted, which was not planned"},
    {"below a scope", "910 900", "920 909 8:2 / /da\\040ta/x rw - ext4 /dev/sdb rw\n910 900", false, NULL},
    {"beside a scope", "910 900", "920 900 8:2 / /da\\040ta2 ro,nosuid,nodev - ext4 /dev/sdb rw\n910 900", false,
     "'/da\\040ta2' is mounted, which was not planned"},
    {"below a file", "912 900", "920 900 8:1 / /.csc/init/x ro,nosuid,nodev - ext4 /dev/sda1 rw\n912 900", false,
     "'/.csc/init/x' is mounted, which was not planned"},
    {"twice", "908 900", "920 907 0:50 / /tmp rw,nosuid,nodev - tmpfs x rw,size=4k\n908 900", false,
     "'/tmp' is mounted more often than was planned"},
    {"a scope on what came with another", "911 910", "920 910 8:2 / /work/out rw - ext4 /dev/sdb rw\n911 920", false,
     NULL},
    {"a scope below what came with another", "911 910", "920 911 8:2 / /work/out rw,nodev - ext4 /dev/sdb rw\n911 910",
     false, "'/work/out' is not nosuid, as was planned"},
    {"a size", "/ /tmp rw,nosuid,nodev - tmpfs csc rw,size=4k", "/ /tmp rw,nosuid,nodev - tmpfs csc rw,size=262144k",
     false, NULL},
    {"a larger size", "/ /tmp rw,nosuid,nodev - tmpfs csc rw,size=4k",
     "/ /tmp rw,nosuid,nodev - tmpfs csc rw,size=262208k", false, "'/tmp' is not limited in size, as was planned"},
    {"no size", "/ /tmp rw,nosuid,nodev - tmpfs csc rw,size=4k", "/ /tmp rw,nosuid,nodev - tmpfs csc rw", false,
     "'/tmp' is not limited in size, as was planned"},
    {"covered", "912 900", "920 901 0:50 / /usr rw - tmpfs x rw\n912 900", false,
     "'/usr' is not read-only, as was planned"},
};

static void test_tables(void **state)
{
    struct csc_measured_outside outside;
    char text[4096], first[65] = "";
    struct scene scene;

    (void)state;
    begin(&scene);
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        const char *at = strstr(table, tables[i].from);
        assert_non_null(at);
        (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - table), table, tables[i].to,
                       at + strlen(tables[i].from));
        outside = (struct csc_measured_outside){0};
        assert_true(csc_mounts_measure(scene.plan, text, &outside));
        if (i == 0)
            memcpy(first, outside.mounts_sha256, sizeof(first));
        if ((strcmp(first, outside.mounts_sha256) == 0) != tables[i].same ||
            strcmp(outside.mount_fault, tables[i].fault ? tables[i].fault : "") != 0)
            fail_msg("%s: digest %s, '%s'", tables[i].title, outside.mounts_sha256, outside.mount_fault);
    }
    scene_end(&scene);
}

/* What came along with a scope: bwrap leaves out what its user cannot reach. */
static const struct {
    const char *title, *line, *fault;
} submounts[] = {
    {"as the scope is", "920 909 8:2 / /da\\040ta/x ro,nosuid,nodev - ext4 /dev/sdb rw\n", NULL},
    {"writable in a read scope", "920 909 8:2 / /da\\040ta/x rw,nosuid,nodev - ext4 /dev/sdb rw\n",
     "'/da\\040ta/x' is not read-only, as what it lies in"},
    {"writable in a write scope", "920 911 8:2 / /work/out/x rw,nosuid,nodev - ext4 /dev/sdb rw\n", NULL},
    {"setuid", "920 911 8:2 / /work/out/x/y rw,nodev - ext4 /dev/sdb rw\n",
     "'/work/out/x/y' is not nosuid, as what it lies in"},
    {"devices", "920 911 8:2 / /work/out/x rw,nosuid - ext4 /dev/sdb rw\n",
     "'/work/out/x' is not nodev, as what it lies in"},
    {"covered", "920 910 8:2 / /work/out/x rw - ext4 /dev/sdb rw\n", NULL},
    {"what bwrap covers", "920 903 0:41 /bus /proc/bus ro,nosuid,nodev - proc proc rw\n",
     "'/proc/bus' is mounted, which was not planned"},
};

static void test_submounts(void **state)
{
    struct csc_measured_outside outside;
    struct scene scene;
    char text[4096];

    (void)state;
    begin(&scene);
    for (size_t i = 0; i < ARRAY_SIZE(submounts); i++) {
        scene.plan->backend = CSC_BACKEND_NATIVE;
        (void)snprintf(text, sizeof(text), "%s%s", table, submounts[i].line);
        outside = (struct csc_measured_outside){0};
        assert_true(csc_mounts_measure(scene.plan, text, &outside));
        if (strcmp(outside.mount_fault, submounts[i].fault ? submounts[i].fault : "") != 0)
            fail_msg("%s: '%s'", submounts[i].title, outside.mount_fault);
    }
    scene_end(&scene);
}

static void test_no_tables(void **state)
{
    static const char *const texts[] = {"", "\n", "nonsense\n", "1 2 3:4 / / rw\n", "1 2 3:4 / / rw - tmpfs\n"};
    struct csc_measured_outside outside = {0};
    struct scene scene;
    char text[100];

    (void)state;
    begin(&scene);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        (void)snprintf(text, sizeof(text), "%s", texts[i]);
        assert_false(csc_mounts_measure(scene.plan, text, &outside));
    }
    scene_end(&scene);
}

/* ---- /proc/PID/status ---------------------------------------------------------------------------------------------
 */

#define IDS "Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n"
#define CAPS "CapInh:\t0000000000000001\nCapPrm:\t2\nCapEff:\t3\nCapBnd:\tffffffffffffffff\nCapAmb:\t5\n"

static void test_status(void **state)
{
    static const char *const incomplete[] = {
        "",
        IDS CAPS "NoNewPrivs:\t1\n",
        IDS CAPS "Seccomp:\t2\n",
        IDS "NoNewPrivs:\t1\nSeccomp:\t2\n",
        CAPS "NoNewPrivs:\t1\nSeccomp:\t2\n",
        "Uid:\t1\t2\t3\n" CAPS "NoNewPrivs:\t1\nSeccomp:\t2\n",
        "Uid:\t1\t2\t3\t4\n" CAPS "NoNewPrivs:\t1\nSeccomp:\t2\n",
        IDS CAPS "NoNewPrivs:\nSeccomp:\t2\n",
        "x" IDS CAPS "NoNewPrivs:\t1\nSeccomp:\t2\n",
    };
    struct csc_process_status status;

    (void)state;
    assert_true(
        csc_status_parse("Name:\tUid: 9\n" IDS CAPS "NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n", &status));
    assert_int_equal(status.uid[0] * 1000 + status.uid[1] * 100 + status.uid[2] * 10 + status.uid[3], 1234);
    assert_int_equal(status.gid[0] * 1000 + status.gid[1] * 100 + status.gid[2] * 10 + status.gid[3], 5678);
    assert_int_equal(status.capabilities[CSC_CAPABILITIES_BOUNDING], UINT64_MAX);
    assert_int_equal(status.capabilities[CSC_CAPABILITIES_AMBIENT], 5);
    assert_int_equal(status.no_new_privs * 100 + status.seccomp * 10 + status.seccomp_filters, 123);
    assert_true(csc_status_parse(IDS CAPS "NoNewPrivs:\t0\nSeccomp:\t0\n", &status));
    assert_int_equal(status.seccomp_filters, -1);
    for (size_t i = 0; i < ARRAY_SIZE(incomplete); i++)
        if (csc_status_parse(incomplete[i], &status))
            fail_msg("read: %s", incomplete[i]);
}

/* The line of the groups may be as long as it likes, wherever it stands. */
static void test_long_lines(void **state)
{
    static const size_t groups[] = {0, 10, 139, 140, 1600, 65536};
    char text[8192];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        struct csc_process_status status = {.seccomp = 0};
        FILE *file = tmpfile();
        assert_non_null(file);
        (void)fputs(IDS "Groups:\t", file);
        for (size_t k = 0; k < groups[i]; k++)
            (void)fputs("100000 ", file);
        (void)fputs("\n" CAPS "NoNewPrivs:\t1\nSeccomp:\t2\n", file);
        assert_int_equal(fflush(file), 0);
        assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
        assert_true(csc_status_read(fileno(file), text, sizeof(text)));
        if (!csc_status_parse(text, &status) || status.gid[3] != 8 || status.seccomp != 2)
            fail_msg("%zu groups: %s", groups[i], text);
        assert_false(csc_status_read(fileno(file), text, sizeof(text)));
        (void)fclose(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes), cmocka_unit_test(test_host_network), cmocka_unit_test(test_lacks),
        cmocka_unit_test(test_tables),  cmocka_unit_test(test_submounts),    cmocka_unit_test(test_no_tables),
        cmocka_unit_test(test_status),  cmocka_unit_test(test_long_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
