#include "fabric/server/outbox.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static int make_room(weiss_outbox *outbox)
{
    if (outbox->first + outbox->count < outbox->room)
        return 0;
    if (outbox->first > outbox->count) {
        memmove(outbox->notice, outbox->notice + outbox->first, outbox->count * sizeof *outbox->notice);
        outbox->first = 0;
        return 0;
    }
    size_t room = outbox->room > 0 ? 2 * outbox->room : 8;
    weiss_notice *larger = realloc(outbox->notice, room * sizeof *larger);
    if (larger == NULL)
        return WEISS_ERR_MEMORY;
    outbox->notice = larger;
    outbox->room = room;
    return 0;
}

int weiss_outbox_put(weiss_outbox *outbox, weiss_notice_kind kind, uint16_t id, const struct weiss_peer *peer)
{
    if (make_room(outbox) != 0)
        return WEISS_ERR_MEMORY;
    outbox->notice[outbox->first + outbox->count++] = (weiss_notice){.kind = kind, .id = id, .peer = peer};
    return 0;
}

static void remove_at(weiss_outbox *outbox, size_t i)
{
    memmove(outbox->notice + i, outbox->notice + i + 1,
            (outbox->first + outbox->count - i - 1) * sizeof *outbox->notice);
    outbox->count--;
}

int weiss_outbox_leave(weiss_outbox *outbox, uint16_t id, const struct weiss_peer *peer)
{
    for (size_t i = outbox->first; i < outbox->first + outbox->count; i++) {
        const weiss_notice *notice = &outbox->notice[i];
        if (notice->kind != WEISS_NOTICE_JOIN || notice->peer != peer)
            continue;
        unsigned sent = notice->sent;
        remove_at(outbox, i);
        if (sent == 0)
            return 0;
        break;
    }
    return weiss_outbox_put(outbox, WEISS_NOTICE_LEAVE, id, NULL);
}

weiss_notice *weiss_outbox_next(weiss_outbox *outbox)
{
    return outbox->count > 0 ? &outbox->notice[outbox->first] : NULL;
}

void weiss_outbox_pop(weiss_outbox *outbox)
{
    outbox->first++;
    if (--outbox->count == 0)
        outbox->first = 0;
}

void weiss_outbox_free(weiss_outbox *outbox)
{
    free(outbox->notice);
    *outbox = (weiss_outbox){0};
}
