import { assert, assertEquals } from "@std/assert";
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { createCertificate } from "./certificate.ts";

Deno.test("createCertificate() makes a P-256 certificate with its key and fingerprint", async () => {
  const made = await createCertificate();
  const certificate = new X509Certificate(made.certificatePem);
  assertEquals(certificate.publicKey.asymmetricKeyType, "ec");
  assert(certificate.checkPrivateKey(createPrivateKey(made.keyPem)));
  assert(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/.test(made.fingerprint));
  const digest = createHash("sha256").update(certificate.raw).digest("hex");
  assertEquals(made.fingerprint.replaceAll(":", "").toLowerCase(), digest);
  assert(Date.parse(certificate.validTo) > Date.now() + 365 * 86_400_000);
});

Deno.test("createCertificate() makes another one each time", async () => {
  const [a, b] = await Promise.all([createCertificate(), createCertificate()]);
  assert(a.fingerprint !== b.fingerprint && a.keyPem !== b.keyPem);
});
