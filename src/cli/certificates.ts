import { randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

/** PEM texts. The CA's key is not among them: it signs these two certificates and is forgotten. */
export interface Certificates {
  readonly ca: string;
  readonly worker: string;
  readonly workerKey: string;
  readonly client: string;
  readonly clientKey: string;
}

export interface Wanted {
  /** names and addresses that the worker is reached by */
  readonly hosts: readonly string[];
  readonly from: Date;
  readonly until: Date;
}

const ecdsa = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A private CA (ECDSA P-256), and what it signs: a certificate for a worker, and one for those who may use it. */
export async function makeCertificates({ hosts, from, until }: Wanted): Promise<Certificates> {
  const dates = { notBefore: from, notAfter: until, signingAlgorithm: ecdsa };
  const authority = await makeKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned(
    {
      ...dates,
      serialNumber: serialNumber(),
      // a name of its own: two CAs of one name, of two calls, are hard to tell apart in a verifier's words
      name: `CN=danas private CA ${randomBytes(4).toString("hex")}`,
      keys: authority,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        await x509.SubjectKeyIdentifierExtension.create(authority.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const sign = async (name: string, purpose: x509.ExtendedKeyUsage, extensions: readonly x509.Extension[]) => {
    const keys = await makeKeys();
    const certificate = await x509.X509CertificateGenerator.create(
      {
        ...dates,
        serialNumber: serialNumber(),
        subject: `CN=${name}`,
        issuer: ca.subjectName,
        publicKey: keys.publicKey,
        signingKey: authority.privateKey,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([purpose], true),
          await x509.AuthorityKeyIdentifierExtension.create(ca, false, webcrypto),
          await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
          ...extensions,
        ],
      },
      webcrypto,
    );
    return { certificate: pem(certificate), key: await privatePem(keys) };
  };
  const names = hosts.map((host) => ({ type: isIP(host) ? "ip" : "dns", value: host }) as const);
  const worker = await sign("danas worker", x509.ExtendedKeyUsage.serverAuth, [
    new x509.SubjectAlternativeNameExtension([...names]),
  ]);
  const client = await sign("danas client", x509.ExtendedKeyUsage.clientAuth, []);
  return {
    ca: pem(ca),
    worker: worker.certificate,
    workerKey: worker.key,
    client: client.certificate,
    clientKey: client.key,
  };
}

const makeKeys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(ecdsa, true, ["sign", "verify"]);

/** 16 random bytes; positive, as a serial number must be */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] & 0x3f) | 0x40;
  return bytes.toString("hex");
}

const pem = (certificate: x509.X509Certificate): string => `${certificate.toString("pem")}\n`;

async function privatePem({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey("pkcs8", privateKey);
  return `${x509.PemConverter.encode(der, x509.PemConverter.PrivateKeyTag)}\n`;
}
