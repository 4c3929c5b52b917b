// SPDX-License-Identifier: Apache-2.0
// node client.mjs CLIENT MODE SERVER ARGUMENT...: starts a server, has one of two clients of other people's use it, and prints
// what each of its calls gave, as one JSON object. CLIENT is sdk or client, MODE legacy, auto or a version. It is run where its
// modules are installed. Both clients hold structured results against the tool's output schema, and throw.
const [kind, mode, command, ...args] = process.argv.slice(2);
const path = kind === 'sdk' ? '@modelcontextprotocol/sdk/client' : '@modelcontextprotocol/client';
const { Client } = await import(kind === 'sdk' ? `${path}/index.js` : path);
const { StdioClientTransport } = await import(kind === 'sdk' ? `${path}/stdio.js` : `${path}/stdio`);

const negotiation = mode === 'legacy' || mode === 'auto' ? mode : { pin: mode };
const client = new Client({ name: `foreign ${kind}`, version: '1.0.0' },
  kind === 'sdk' ? {} : { versionNegotiation: { mode: negotiation } });
const transport = new StdioClientTransport({ command, args, stderr: 'ignore', env: process.env });
const call = (name, params, options) => kind === 'sdk'
  ? client.callTool({ name, arguments: params }, undefined, options)
  : client.callTool({ name, arguments: params }, options);

const report = {};
await client.connect(transport);
if (kind === 'client')
  report.version = client.getNegotiatedProtocolVersion();
report.server = client.getServerVersion();
report.instructions = client.getInstructions();
const { tools } = await client.listTools();
report.tools = tools.map(tool => tool.name);
report.annotated = tools.every(tool => tool.annotations && tool.outputSchema && tool.title);

report.policy = await call('policy', {});
report.check = await call('check', { shell: 'echo x' });
report.explain = await call('explain', { shell: 'rm x' });
report.run = await call('run', { shell: "printf 'a b'" });
report.denied = await call('run', { shell: 'rm x' });
report.wrong = await call('run', { contract: '{}' });
report.receipt = await call('receipt', { execution_id: report.run.structuredContent.execution_id });
report.unknown = await call('rm', {}).then(result => result, error => ({ code: error.code, message: error.message }));

report.progress = [];
report.slow = await call('run', { commands: [{ argv: ['sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.9; done'] }] },
  { onprogress: step => report.progress.push(step) });

const abort = new AbortController();
const started = Date.now();
setTimeout(() => abort.abort('enough'), 300);
report.cancelled = await call('run', { commands: [{ argv: ['sleep', '50'] }] }, { signal: abort.signal })
  .then(() => 'answered', error => String(error.message ?? error));
report.cancelledAfter = Date.now() - started;

report.many = (await Promise.all(Array.from({ length: 32 }, (_, i) => call('run', { shell: `echo ${i}` }))))
  .map(result => result.structuredContent.stdout.text.trim());
if (kind === 'sdk' || mode === 'legacy')
  report.ping = await client.ping();
await client.close();
console.log(JSON.stringify(report));
