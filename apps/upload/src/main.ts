import { stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { signIn } from './sign-in.js';
import { importStaged, imageFor, uploadFile } from './upload-file.js';

const usage = `heliograph-upload FILE [options]

Uploads an image, goes on where an earlier upload ended, and shows how far it is.

  --image ID               the image to upload to, as to go on with an upload; else one is created
  --name NAME              the name of the new image; the file's name unless given
  --disk-format FORMAT     qcow2 unless given
  --container-format F     bare unless given
  --stage-only             leave the data staged, and import nothing
  --stores A,B             the stores to import to; the default one unless given
  --patience SECONDS       how long to try again while nothing moves; 600 unless given

Signs in as the openstack command does: OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME, OS_USER_DOMAIN_NAME (or _ID), OS_PROJECT_DOMAIN_NAME
(or _ID), OS_REGION_NAME, OS_INTERFACE; or with OS_TOKEN and OS_IMAGE_ENDPOINT.
`;

async function run(): Promise<number> {
  const { values, positionals: [file] } = parseArgs({
    allowPositionals: true,
    options: {
      image: { type: 'string' }, name: { type: 'string' }, 'disk-format': { type: 'string', default: 'qcow2' }, 'container-format': { type: 'string', default: 'bare' },
      'stage-only': { type: 'boolean', default: false }, stores: { type: 'string' }, patience: { type: 'string', default: '600' }, help: { type: 'boolean', default: false },
    },
  });
  if (values.help || file === undefined) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  const { size } = await stat(file);
  const cloud = await signIn(process.env);
  const patienceMs = Number(values.patience) * 1000;
  const say = (text: string): void => { process.stderr.write(text); };
  const imageId = await imageFor(cloud, values.image, { file, name: values.name, diskFormat: values['disk-format'], containerFormat: values['container-format'] });
  say(`image ${imageId}\n`);
  try {
    await uploadFile(cloud, { imageId, file, sizeBytes: size, patienceMs, say });
    if (!values['stage-only']) await importStaged(cloud, { imageId, file, stores: values.stores?.split(',') ?? [], say });
    process.stdout.write(`${imageId}\n`);
    return 0;
  } catch (error) {
    say(`\n${error instanceof Error ? error.message : String(error)}\nGo on with: heliograph-upload ${file} --image ${imageId}\n`);
    return 1;
  }
}

process.exitCode = await run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
