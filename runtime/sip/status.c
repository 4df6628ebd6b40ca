/* SPDX-License-Identifier: Apache-2.0 */
/* Reason phrases: RFC 3261 21, 3265, 3326, 3329, 3903, 4028, 4412, 4474, 5626, 6665 and the IANA registry. */
#include "sip/build.h"

struct status {
	int code;
	struct str text;
};

/* In ascending order. */
static const struct status table[] = {
	{100, S("Trying")},
	{180, S("Ringing")},
	{181, S("Call Is Being Forwarded")},
	{182, S("Queued")},
	{183, S("Session Progress")},
	{199, S("Early Dialog Terminated")},
	{200, S("OK")},
	{202, S("Accepted")},
	{204, S("No Notification")},
	{300, S("Multiple Choices")},
	{301, S("Moved Permanently")},
	{302, S("Moved Temporarily")},
	{305, S("Use Proxy")},
	{380, S("Alternative Service")},
	{400, S("Bad Request")},
	{401, S("Unauthorized")},
	{402, S("Payment Required")},
	{403, S("Forbidden")},
	{404, S("Not Found")},
	{405, S("Method Not Allowed")},
	{406, S("Not Acceptable")},
	{407, S("Proxy Authentication Required")},
	{408, S("Request Timeout")},
	{410, S("Gone")},
	{412, S("Conditional Request Failed")},
	{413, S("Request Entity Too Large")},
	{414, S("Request-URI Too Long")},
	{415, S("Unsupported Media Type")},
	{416, S("Unsupported URI Scheme")},
	{420, S("Bad Extension")},
	{421, S("Extension Required")},
	{422, S("Session Interval Too Small")},
	{423, S("Interval Too Brief")},
	{428, S("Use Identity Header")},
	{430, S("Flow Failed")},
	{439, S("First Hop Lacks Outbound Support")},
	{480, S("Temporarily Unavailable")},
	{481, S("Call/Transaction Does Not Exist")},
	{482, S("Loop Detected")},
	{483, S("Too Many Hops")},
	{484, S("Address Incomplete")},
	{485, S("Ambiguous")},
	{486, S("Busy Here")},
	{487, S("Request Terminated")},
	{488, S("Not Acceptable Here")},
	{489, S("Bad Event")},
	{491, S("Request Pending")},
	{493, S("Undecipherable")},
	{494, S("Security Agreement Required")},
	{500, S("Server Internal Error")},
	{501, S("Not Implemented")},
	{502, S("Bad Gateway")},
	{503, S("Service Unavailable")},
	{504, S("Server Time-out")},
	{505, S("Version Not Supported")},
	{513, S("Message Too Large")},
	{580, S("Precondition Failure")},
	{600, S("Busy Everywhere")},
	{603, S("Decline")},
	{604, S("Does Not Exist Anywhere")},
	{606, S("Not Acceptable")},
	{607, S("Unwanted")},
	{608, S("Rejected")},
};

struct str sip_status_text(int status)
{
	size_t lo = 0, hi = sizeof(table) / sizeof(table[0]);

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (table[mid].code == status)
			return table[mid].text;
		if (table[mid].code < status)
			lo = mid + 1;
		else
			hi = mid;
	}
	return S("Unknown");
}
