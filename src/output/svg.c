#include "output/svg.h"

#include <string.h>

/* Writes one byte of a text; control characters, which XML cannot hold, become blanks. */
static void put(FILE *to, char c)
{
    switch (c) {
    case '&':
        fputs("&amp;", to);
        break;
    case '<':
        fputs("&lt;", to);
        break;
    case '>':
        fputs("&gt;", to);
        break;
    case '"':
        fputs("&quot;", to);
        break;
    default:
        fputc((unsigned char)c < 0x20 || c == 0x7f ? ' ' : c, to);
    }
}

void weiss_svg_escape(FILE *to, const char *text)
{
    for (; *text != '\0'; text++)
        put(to, *text);
}

void weiss_svg_begin(FILE *to, double width, double height, const char *title)
{
    fprintf(to,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" viewBox=\"0 0 %g %g\" "
            "font-family=\"'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n<title>",
            width, height, width, height);
    weiss_svg_escape(to, title);
    fprintf(to, "</title>\n<rect width=\"%g\" height=\"%g\" fill=\"#ffffff\"/>\n", width, height);
}

void weiss_svg_end(FILE *to)
{
    fputs("</svg>\n", to);
}

void weiss_svg_line(FILE *to, double x1, double y1, double x2, double y2, const char *colour, double width,
                    const char *dashes)
{
    fprintf(to, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"%g\"", x1,
            y1, x2, y2, colour, width);
    if (dashes != NULL)
        fprintf(to, " stroke-dasharray=\"%s\"", dashes);
    fputs("/>\n", to);
}

void weiss_svg_text(FILE *to, double x, double y, const weiss_svg_font *font, const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    fprintf(to, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%g\" fill=\"%s\" text-anchor=\"%s\"", x, y,
            font->size, font->colour, anchors[font->anchor]);
    if (font->bold)
        fputs(" font-weight=\"600\"", to);
    if (font->turned != 0.0)
        fprintf(to, " transform=\"rotate(%g %.1f %.1f)\"", -font->turned, x, y);
    fputc('>', to);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c != '_' || c[1] == '\0') {
            put(to, *c);
            continue;
        }
        size_t length = strcspn(++c, " ,)");
        fprintf(to, "<tspan dy=\"%.1f\" font-size=\"%g\">", 0.25 * font->size, 0.75 * font->size);
        for (size_t i = 0; i < length; i++)
            put(to, c[i]);
        fprintf(to, "</tspan>");
        c += length;
        if (*c == '\0')
            break;
        fprintf(to, "<tspan dy=\"%.1f\">", -0.25 * font->size);
        put(to, *c);
        fprintf(to, "</tspan>");
    }
    fputs("</text>\n", to);
}
