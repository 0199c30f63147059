/*
 * answer.c - the first bytes of an HTTP answer
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "http/http.h"
#include "ws/answer.h"

/* "Date: Sun, 06 Nov 1994 08:49:37 GMT", written once a second.  Not
 * strftime(): its names follow the locale. */
static struct slice
date_line(int64_t wall_ms)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	static time_t written;
	static char line[64];
	time_t now = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (line[0] == '\0' || now != written) {
		gmtime_r(&now, &tm);
		snprintf(line, sizeof(line),
		    "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
		    days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
		    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
		written = now;
	}
	return slice_str(line);
}

void
answer_head(struct buf *out, int status, struct slice headers, bool keep,
    unsigned minor, int64_t wall_ms)
{
	buf_str(out, "HTTP/1.1 ");
	buf_int(out, status);
	buf_char(out, ' ');
	buf_str(out, http_status_text(status));
	buf_str(out, "\r\n");
	buf_add(out, date_line(wall_ms));
	buf_add(out, headers);
	if (!keep)
		buf_str(out, "Connection: close\r\n");
	else if (minor == 0)
		buf_str(out, "Connection: keep-alive\r\n");
	buf_str(out, "\r\n");
}
