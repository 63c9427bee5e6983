import type { DataInspection, Image } from '#libs/domain';
import type { ReceivedData } from '#libs/stores';
import { watchFormat, type FormatClaim, type FormatRules } from './data-format.js';
import { watchSignature, type OpenSignature, type SignatureWatch } from './signature-watch.js';

/** Looks at an image's data while it arrives: what it is, and whether it is what was signed. */
export interface DataWatch {
  /** What there is to know before the first byte. Refuses: SignatureNotVerified. */
  open: SignatureWatch['open'];
  onBytes(bytes: Uint8Array): void;
  /** What the image gains from its data. Refuses: DataFormatMismatch, DataUnsafe, SignatureNotVerified. */
  accept(received: Pick<ReceivedData, 'isSignatureValid'>): { readonly virtualSizeBytes?: number };
  /** What is known of the data; before all of it has been shown, only what became of its signature. */
  found(): { readonly inspection?: DataInspection };
}

export interface DataToWatch {
  readonly formats: FormatRules;
  readonly imageId: string;
  readonly claim: FormatClaim;
  readonly image: Pick<Image, 'properties'>;
  /** Absent where a signature does not matter: for staged data, which is checked when it is imported. */
  readonly openSignature?: OpenSignature | undefined;
}

export function watchData({ formats, imageId, claim, image, openSignature }: DataToWatch): DataWatch {
  const format = watchFormat(formats, imageId, claim);
  const signature = openSignature ? watchSignature(imageId, image, openSignature) : undefined;
  let hasBegun = false;
  return {
    open: async () => {
      const opened = await signature?.open() ?? {};
      hasBegun = true;
      return opened;
    },
    onBytes: format.onBytes,
    accept(received) {
      const gained = format.accept();
      signature?.judge(received);
      return gained;
    },
    found() {
      const found = hasBegun ? format.found() : {};
      return signature?.with(found) ?? found;
    },
  };
}
