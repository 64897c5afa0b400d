// SPDX-License-Identifier: Apache-2.0
// Node's two ways: c-ares (resolve) and the C library (lookup).   resolve.js resolve|lookup NAME [6]
const dns = require('dns');
const [how, name, six] = process.argv.slice(2);
const family = six === '6' ? 6 : 4;
const done = (err, list) => {
  if (err) {
    console.error(err.message);
    process.exit(1);
  }
  for (const a of list) console.log(a.address || a);
};
if (how === 'resolve') (family === 6 ? dns.resolve6 : dns.resolve4)(name, done);
else dns.lookup(name, { all: true, family }, done);
