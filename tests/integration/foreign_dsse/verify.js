// SPDX-License-Identifier: Apache-2.0
// node verify.js ENVELOPE PUBLIC_KEY.pem: verifies a DSSE envelope with sigstore's verifier and a raw key, offline, and prints
// the payload. It is run where its modules are installed.
const fs = require('fs');
const { bundleFromJSON } = require('@sigstore/bundle');
const { crypto } = require('@sigstore/core');
const { Verifier, toSignedEntity } = require('@sigstore/verify');

const envelope = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const bundle = bundleFromJSON({
  mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  verificationMaterial: { publicKey: { hint: 'runner' }, tlogEntries: [], timestampVerificationData: { rfc3161Timestamps: [] } },
  dsseEnvelope: envelope,
});
const publicKey = crypto.createPublicKey(fs.readFileSync(process.argv[3], 'utf8'));
const trust = {
  certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [],
  publicKey: () => ({ publicKey, validFor: () => true }),
};
new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }).verify(toSignedEntity(bundle));
process.stdout.write(Buffer.from(envelope.payload, 'base64'));
