// Answers tests/crypto/oracle_test.cpp with other people's HPKE and ML-DSA.
//
//   node oracle.mjs FOLDER   where FOLDER holds node_modules; commands, a JSON array, on standard
//   input; as many answers on standard output. Octets are hexadecimal.
import { createDecipheriv, hkdfSync } from "node:crypto";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const require = createRequire(pathToFileURL(resolve(process.argv[2], "package.json")));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { Aes256Gcm, CipherSuite, HkdfSha384 } = await load("@hpke/core");
const { XWing } = await load("@hpke/hybridkem-x-wing");
const { ml_dsa65, ml_dsa87 } = await load("@noble/post-quantum/ml-dsa.js");

const from = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (octets) => Buffer.from(octets).toString("hex");

// KEM 0x647A, KDF 0x0002, AEAD 0x0002.
const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha384(), aead: new Aes256Gcm() });
const dsa = { "ML-DSA-65": ml_dsa65, "ML-DSA-87": ml_dsa87 };

async function exported(context, wanted) {
  const values = [];
  for (const { label, size } of wanted) values.push(hex(await context.export(from(label), size)));
  return values;
}

const answers = {
  // The suite's own words about itself.
  async suite() {
    return { kem: suite.kem.id, kdf: suite.kdf.id, aead: suite.aead.id };
  },
  async hpke_seal({ public_key, info, messages, exports }) {
    const recipientPublicKey = await suite.kem.deserializePublicKey(from(public_key));
    const context = await suite.createSenderContext({ recipientPublicKey, info: from(info) });
    const ciphertexts = [];
    for (const { aad, plaintext } of messages) {
      ciphertexts.push(hex(await context.seal(from(plaintext), from(aad))));
    }
    return { enc: hex(context.enc), ciphertexts, exports: await exported(context, exports) };
  },
  async hpke_open({ seed, enc, info, messages, exports }) {
    const recipientKey = await suite.kem.deserializePrivateKey(from(seed));
    const context = await suite.createRecipientContext({
      recipientKey,
      enc: from(enc),
      info: from(info),
    });
    const plaintexts = [];
    for (const { aad, ciphertext } of messages) {
      plaintexts.push(hex(await context.open(from(ciphertext), from(aad))));
    }
    return { plaintexts, exports: await exported(context, exports) };
  },
  // RFC 9458, section 4.4, with HKDF-SHA384 and AES-256-GCM: nonce (32) || ciphertext || tag (16).
  async open_reply({ secret, enc, aad, reply }) {
    const octets = from(reply);
    const salt = Buffer.concat([from(enc), octets.subarray(0, 32)]);
    const derive = (info, size) => Buffer.from(hkdfSync("sha384", from(secret), salt, info, size));
    const cipher = createDecipheriv("aes-256-gcm", derive("key", 32), derive("nonce", 12));
    cipher.setAAD(from(aad));
    cipher.setAuthTag(octets.subarray(-16));
    return { plaintext: hex(Buffer.concat([cipher.update(octets.subarray(32, -16)), cipher.final()])) };
  },
  async ml_dsa_sign({ algorithm, seed, message }) {
    const { publicKey, secretKey } = dsa[algorithm].keygen(from(seed));
    return {
      public_key: hex(publicKey),
      signature: hex(dsa[algorithm].sign(from(message), secretKey)),
    };
  },
  async ml_dsa_verify({ algorithm, public_key, message, signature }) {
    return { valid: dsa[algorithm].verify(from(signature), from(message), from(public_key)) };
  },
};

const results = [];
for (const { op, ...command } of JSON.parse(readFileSync(0, "utf8"))) {
  results.push(await answers[op](command).catch((error) => ({ error: String(error) })));
}
process.stdout.write(JSON.stringify(results));
