/* The asker: a thread that asks Nova's API for the facts of this host, every so many seconds or when it is told to, and hands
 * over each table. The API may be slow or away; nobody waits for it here. */
#ifndef WEISS_CLOUD_AGENT_DAEMON_ASKER_H
#define WEISS_CLOUD_AGENT_DAEMON_ASKER_H

#include "cloud/agent/facts.h"
#include "cloud/agent/settings.h"

typedef struct weiss_asker weiss_asker;

/** Starts it; it asks at once.
 *  @return 0, WEISS_ERR_FILE (the secret cannot be read), WEISS_ERR_SYSTEM, WEISS_ERR_MEMORY */
int weiss_asker_open(const weiss_agent_settings *settings, weiss_asker **asker, weiss_fault *fault);
/** Becomes readable when an answer is there. */
int weiss_asker_descriptor(const weiss_asker *asker);
/** Asks now, or once more after the question that is on its way. */
void weiss_asker_ask(weiss_asker *asker);
/** Takes the last answer.
 *  @param[out] table  the caller clears it; only with code 0
 *  @return 0; WEISS_RETRY: there is none; else the code of why the API did not answer, with its text in @p fault */
int weiss_asker_take(weiss_asker *asker, weiss_facts_table *table, weiss_fault *fault);
/** Ends it; a question that is on its way is given up. Accepts NULL. */
void weiss_asker_close(weiss_asker *asker);

#endif
