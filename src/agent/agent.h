/* SPDX-License-Identifier: Apache-2.0 */
/* Where agents meet csc: shell lines, hooks of coding agents, the MCP server. The public header of agent/. */
#ifndef CSC_AGENT_H
#define CSC_AGENT_H

#include "agent/hook.h"
#include "agent/init.h"
#include "agent/mcp.h"
#include "agent/propose.h"
#include "agent/requests.h"
#include "agent/shell.h"

#endif
