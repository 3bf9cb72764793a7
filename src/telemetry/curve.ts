import { capability, curveKeyPair } from "zeromq";

/** What a watcher of encrypted telemetry needs: whom it speaks to, and who it is. CURVE keys in Z85, 40 characters. */
export interface CurveKeys {
  readonly serverKey: string;
  readonly publicKey: string;
  /** lives in this process alone, as long as the session */
  readonly secretKey: string;
}

export type KeyPair = Pick<CurveKeys, "publicKey" | "secretKey">;

/** @returns null where this libzmq was built without CURVE: telemetry from other hosts stays off then */
export const makeKeyPair = (): KeyPair | null => (capability.curve ? curveKeyPair() : null);
