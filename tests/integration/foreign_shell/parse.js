// SPDX-License-Identifier: Apache-2.0
// node parse.js <LINES: a JSON array of shell lines; prints the array of what shell-quote makes of each. It is run where its
// module is installed.
const { parse } = require('shell-quote');

const lines = JSON.parse(require('fs').readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(lines.map((line) => parse(line))));
