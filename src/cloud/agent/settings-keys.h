/* Keys of the agent's settings: what each takes. */
#ifndef WEISS_CLOUD_AGENT_SETTINGS_KEYS_H
#define WEISS_CLOUD_AGENT_SETTINGS_KEYS_H

#include "cloud/agent/settings.h"

#include <stddef.h>

#define WEISS_AGENT_KEYS 22

typedef enum weiss_agent_key_kind {
    KEY_TEXT,
    KEY_PATH,
    KEY_BOOL,
    KEY_BYTES,
    KEY_POWER,
    KEY_COUNT,
    KEY_CHOICE
} weiss_agent_key_kind;

typedef struct weiss_agent_key {
    const char *section, *name;
    weiss_agent_key_kind kind;
    size_t offset, room; /**< in weiss_agent_settings; room: of texts */
    const char *fallback;
    const char *help; /**< comment in the file; lines end with a line feed */
    int min, max; /**< of counts */
    const char
        *choice[4]; /**< of choices; of a bool the names of false and true, when they are not no and yes */
} weiss_agent_key;

/** All keys; those of a section stand together. */
extern const weiss_agent_key weiss_agent_keys[WEISS_AGENT_KEYS];

/** Sets a key from its text. @return false: it is not what is expected, and nothing was changed */
bool weiss_agent_key_set(const weiss_agent_key *key, const char *value, weiss_agent_settings *settings);
/** What a key takes, for messages. @p out may be used for it. */
const char *weiss_agent_key_expects(const weiss_agent_key *key, char *out, size_t room);

#endif
