import type { ImageEvent } from '#libs/domain';

type Detail = Readonly<Record<string, unknown>>;
type Details = { readonly [Type in ImageEvent['type']]?: (data: Extract<ImageEvent, { type: Type }>['data']) => Detail };

/** What an event says besides what it changes, for the owner of the image: no more than its history and its tasks tell him. No source of an import is among it. */
const details: Details = {
  ImageDataUploadFailed: ({ reason }) => ({ reason }),
  ImageStagingFailed: ({ reason }) => ({ reason }),
  ImageImportRequested: ({ importId, method, storeIds }) => ({ import_id: importId, method, stores: storeIds }),
  ImageStoreImportStarted: ({ importId, storeId }) => ({ import_id: importId, store: storeId }),
  ImageStoreImportFailed: ({ importId, storeId, reason }) => ({ import_id: importId, store: storeId, reason }),
  ImageImportSucceeded: ({ importId }) => ({ import_id: importId }),
  ImageImportFailed: ({ importId, reason }) => ({ import_id: importId, reason }),
  ImageDataInspected: ({ format, findings }) => ({ format: format ?? null, findings }),
  ImageDataVerified: ({ verifier, isAccepted, detail }) => ({ verifier, accepted: isAccepted, detail }),
  ImageDataChecked: ({ storeId, verdict, detail }) => ({ store: storeId, verdict, detail }),
};

export function detailOf({ type, data }: ImageEvent): Detail | undefined {
  const tell = details[type] as ((data: ImageEvent['data']) => Detail) | undefined;
  return tell?.(data);
}
