#include "cloud/agent/policy.h"

#include "base/bytes.h"
#include "base/text.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SMALLEST ((int64_t)1 << 20) /* that libvirt takes for a region */

/** Adds a sentence to the reasons. */
__attribute__((format(printf, 2, 3))) static void say(weiss_decision *decision, const char *format, ...)
{
    size_t used = strlen(decision->why);
    va_list args;
    if (used > 0 && used + 1 < sizeof decision->why)
        decision->why[used++] = ' ';
    va_start(args, format);
    vsnprintf(decision->why + used, sizeof decision->why - used, format, args);
    va_end(args);
}

/** Whether a name is printed as it is, and is not long. */
static bool is_plain(const char *name)
{
    char shown[WEISS_TEXT_SHOWN];
    return name[0] != '\0' && strcmp(weiss_text_show(name, shown), name) == 0;
}

/** The pattern of a list that a flavor's name matches. @return false: none does */
static bool find_pattern(const char *list, const char *flavor, char out[WEISS_AGENT_TEXT])
{
    while (*list != '\0') {
        list += strspn(list, ", \t");
        size_t length = strcspn(list, ",");
        memcpy(out, list, length);
        list += length;
        while (length > 0 && (out[length - 1] == ' ' || out[length - 1] == '\t'))
            length--;
        out[length] = '\0';
        if (length > 0 && fnmatch(out, flavor, 0) == 0)
            return true;
    }
    return false;
}

/** Size of the region: what was asked for, as a power of two, when that is not too large. */
static bool decide_size(const weiss_agent_settings *settings, int64_t asked, const char *who,
                        weiss_decision *decision)
{
    char a[WEISS_BYTES_SHOWN], b[WEISS_BYTES_SHOWN];
    int64_t bytes = SMALLEST;
    while (bytes < asked && bytes < INT64_MAX / 2)
        bytes *= 2;
    if (asked > settings->bytes_max || bytes > settings->bytes_max) {
        say(decision, "%s %s for the region, more than [share] size_max, which is %s: it shares nothing.",
            who, weiss_bytes_show(asked, a), weiss_bytes_show(settings->bytes_max, b));
        return false;
    }
    if (bytes != asked)
        say(decision, "%s %s for the region, which is rounded up to a power of two, %s.", who,
            weiss_bytes_show(asked, a), weiss_bytes_show(bytes, b));
    else
        say(decision, "%s %s for the region.", who, weiss_bytes_show(bytes, a));
    decision->bytes = bytes;
    return true;
}

/** A domain that Nova did not make. */
static void decide_local(const weiss_agent_settings *settings, const weiss_instance *instance,
                         weiss_decision *decision)
{
    if (instance->group[0] == '\0') {
        say(decision, "Nova did not make this domain, and its metadata has no element that asks for shared "
                      "memory.");
        return;
    }
    if (!settings->others) {
        say(decision,
            "Its metadata asks for the group \"%s\", but Nova did not make this domain, and [share] others "
            "is no.",
            instance->group);
        return;
    }
    if (!is_plain(instance->group)) {
        say(decision, "The name of the group in its metadata is too long: it shares nothing.");
        return;
    }
    say(decision, "Its metadata asks for the group \"%s\".", instance->group);
    decision->shares =
        decide_size(settings, instance->bytes > 0 ? instance->bytes : settings->bytes,
                    instance->bytes > 0 ? "Its metadata asks for" : "[share] size gives", decision);
    if (decision->shares)
        snprintf(decision->group, sizeof decision->group, "local/%s", instance->group);
}

/** Tells what the API says, or why nothing is known. @return false: it contradicts the domain */
static bool consider_facts(const weiss_agent_settings *settings, const weiss_instance *instance,
                           const weiss_facts *facts, int64_t age, weiss_decision *decision)
{
    char shown[WEISS_TEXT_SHOWN];
    if (facts == NULL) {
        if (settings->auth_url[0] == '\0')
            say(decision, "No API of OpenStack is asked; only the flavor's name counts.");
        else if (age < 0)
            say(decision, "Nova's API was not reached so far; only the flavor's name counts.");
        else
            say(decision,
                "Nova's API, reached %lld s ago, did not tell of this instance; only the flavor's name "
                "counts.",
                (long long)age);
        return true;
    }
    if (strcmp(facts->project, instance->project) != 0) {
        say(decision,
            "Nova's API says that it is of the project %s, its domain says %s: as long as they disagree it "
            "shares nothing.",
            weiss_text_show(facts->project, shown), instance->project);
        return false;
    }
    say(decision, "Nova's API told of it %lld s ago.", (long long)(age > 0 ? age : 0));
    if (facts->release)
        say(decision, "Its metadata weiss:release is set: the region is taken away for as long.");
    return true;
}

/** Whether an administrator gave shared memory to its flavor, by its name or by an extra spec. */
static bool consider_flavor(const weiss_agent_settings *settings, const weiss_instance *instance,
                            const weiss_facts *facts, weiss_decision *decision)
{
    char pattern[WEISS_AGENT_TEXT], shown[WEISS_TEXT_SHOWN], shown_pattern[WEISS_TEXT_SHOWN];
    bool has_spec = facts != NULL && facts->bytes > 0;
    weiss_text_show(instance->flavor, shown);
    bool matches = find_pattern(settings->flavors, instance->flavor, pattern);
    if (matches)
        say(decision, "Its flavor %s matches %s of [share] flavors.", shown,
            weiss_text_show(pattern, shown_pattern));
    else if (settings->flavors[0] == '\0')
        say(decision, "[share] flavors is empty, so the name of its flavor, %s, gives nothing.", shown);
    else
        say(decision, "Its flavor %s matches none of [share] flavors.", shown);
    if (has_spec)
        say(decision, "Its flavor has the extra spec weiss:shmem_mib.");
    if (facts != NULL && facts->bytes < 0)
        say(decision,
            "The extra spec weiss:shmem_mib of its flavor is no whole number of MiB; it counts as not "
            "there.");
    return matches || has_spec;
}

/** Finds the group of an instance that may share. @return false: it is in none */
static bool decide_group(const weiss_instance *instance, const weiss_facts *facts, weiss_decision *decision)
{
    char shown[WEISS_TEXT_SHOWN];
    const char *project = instance->project;
    if (facts != NULL && facts->group[0] != '\0') {
        weiss_text_show(facts->group, shown);
        if (!is_plain(facts->group)) {
            say(decision,
                "Its metadata weiss:group, \"%s\", is too long or not printable: it shares nothing.", shown);
            return false;
        }
        say(decision, "Its metadata weiss:group puts it in the group \"%s\" of its project.", shown);
        snprintf(decision->group, sizeof decision->group, "%s/named/%s", project, facts->group);
        return true;
    }
    if (facts != NULL && facts->server_group[0] != '\0' && is_plain(facts->server_group)) {
        say(decision, "It shares with the members of its server group %s.", facts->server_group);
        snprintf(decision->group, sizeof decision->group, "%s/server-group/%s", project, facts->server_group);
        return true;
    }
    say(decision, "It shares with all instances of its project with such a flavor.");
    snprintf(decision->group, sizeof decision->group, "%s/flavor", project);
    return true;
}

static void decide_nova(const weiss_agent_settings *settings, const weiss_instance *instance,
                        const weiss_facts *facts, int64_t age, weiss_decision *decision)
{
    if (instance->project[0] == '\0' || strchr(instance->project, '/') != NULL) {
        say(decision, "Its project is not known: it shares nothing.");
        return;
    }
    if (!consider_facts(settings, instance, facts, age, decision))
        return;
    if (!consider_flavor(settings, instance, facts, decision)) {
        bool asks = facts != NULL && facts->group[0] != '\0';
        say(decision, "Nobody gave its flavor shared memory%s: it shares nothing.",
            asks ? ", and metadata weiss:group alone gives none" : "");
        return;
    }
    bool has_spec = facts != NULL && facts->bytes > 0;
    decision->shares = decide_group(instance, facts, decision) &&
                       decide_size(settings, has_spec ? facts->bytes : settings->bytes,
                                   has_spec ? "Its flavor asks for" : "[share] size gives", decision);
    if (!decision->shares)
        decision->group[0] = '\0';
}

void weiss_policy_decide(const weiss_agent_settings *settings, const weiss_instance *instance,
                         const weiss_facts *facts, int64_t table_age, weiss_decision *decision)
{
    *decision = (weiss_decision){.shares = false};
    if (instance->machine == WEISS_MACHINE_OTHER)
        say(decision, "Its machine type is neither pc nor q35: it shares nothing.");
    else if (instance->nova)
        decide_nova(settings, instance, facts, table_age, decision);
    else
        decide_local(settings, instance, decision);
}
