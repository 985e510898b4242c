#include "cloud/openstack/user-data.h"

#include <stdio.h>
#include <string.h>

static char *base64(const char *text, size_t length, char *out, size_t size)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t used = 0;
    out[0] = '\0';
    if ((length + 2) / 3 * 4 + 1 > size)
        return out;
    for (size_t i = 0; i < length; i += 3) {
        unsigned bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (i + k < length ? (unsigned char)text[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            out[used++] = (char)(i + k > length ? '=' : letters[bits >> (18 - 6 * k) & 63]);
    }
    out[used] = '\0';
    return out;
}

char *weiss_cloud_user_data(const char *packages, char *out, size_t size)
{
    char text[2048];
    int used = snprintf(text, sizeof text,
                        "#cloud-config\n"
                        "disable_root: false\n"
                        "ssh_pwauth: false\n"
                        "manage_etc_hosts: false\n");
    if (packages[0] != '\0')
        used += snprintf(text + used, sizeof text - (size_t)used, "package_update: true\npackages: [");
    for (const char *p = packages; *p != '\0';) {
        size_t length = strcspn(p, " ");
        used += snprintf(text + used, sizeof text - (size_t)used, "%s\"%.*s\"", p > packages ? ", " : "",
                         (int)length, p);
        p += length + strspn(p + length, " ");
    }
    if (packages[0] != '\0')
        used += snprintf(text + used, sizeof text - (size_t)used, "]\n");
    if (used >= (int)sizeof text)
        used = 0;
    return base64(text, (size_t)used, out, size);
}
