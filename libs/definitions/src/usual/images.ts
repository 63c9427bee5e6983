import { image, oneOf, text, usual, volume } from './words.js';
import type { NamespaceDocument } from '../namespace-document.js';

const uuid = '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$';

export const images: readonly NamespaceDocument[] = [
  usual('OS::Glance::CommonImageProperties', 'Common Image Properties', 'Properties that images of every kind may carry, and that Nova, Cinder and Glance give a meaning.', {
    properties: {
      kernel_id: text('Kernel ID', 'The image that holds the kernel to boot this AMI image with.', { pattern: uuid }),
      ramdisk_id: text('Ramdisk ID', 'The image that holds the initial ramdisk to boot this AMI image with.', { pattern: uuid }),
      instance_uuid: text('Instance ID', 'The server that this image is a snapshot of.'),
      architecture: text('CPU Architecture', 'The processor architecture that the guest was built for, as the hypervisor names it: x86_64, aarch64, ppc64le.'),
      os_distro: text('OS Distribution', 'The short name of the guest\'s distribution, in lower case: debian, fedora, windows.'),
      os_version: text('OS Version', 'The version of the guest\'s operating system, as its maker counts it.'),
      description: text('Image Description', 'What people should know about the image.'),
      cinder_encryption_key_id: text('Encryption Key ID', 'The secret in the key manager that the data of an encrypted volume\'s image needs.'),
      cinder_encryption_key_deletion_policy: oneOf('Encryption Key Deletion', 'Whether that secret goes when the image goes.', ['on_image_deletion', 'do_not_delete']),
    },
  }),
  usual('OS::OperatingSystem', 'Operating System', 'What runs in the guest, so that users can find an image by it and tools can sign in.', {
    resource_type_associations: [image(), volume()],
    properties: {
      os_distro: text('OS Distribution', 'The short name of the distribution, in lower case: ubuntu, rhel, windows.'),
      os_version: text('OS Version', 'The version as the distributor counts it: 24.04, 9.4.'),
      os_admin_user: text('OS Admin User', 'The account with administrator rights that the image comes with.'),
    },
  }),
  usual('OS::Glance::Signatures', 'Image Signature Verification', 'A signature over the image\'s data, by which Nova and the image service see that nobody changed it.', {
    protected: false,
    resource_type_associations: [image()],
    properties: {
      img_signature: text('Signature', 'The signature over the data, in base64.'),
      img_signature_certificate_uuid: text('Certificate', 'The certificate in the key manager whose key made the signature.'),
      img_signature_hash_method: oneOf('Hash Method', 'The hash that was signed.', ['SHA-224', 'SHA-256', 'SHA-384', 'SHA-512']),
      img_signature_key_type: oneOf('Key Type', 'The kind of key that signed.', [
        'RSA-PSS', 'DSA', 'ECC_SECT571K1', 'ECC_SECT409K1', 'ECC_SECT571R1', 'ECC_SECT409R1', 'ECC_SECP521R1', 'ECC_SECP384R1']),
    },
  }),
  usual('OS::Cinder::Volumetype', 'Cinder Volume Type', 'Which type of volume is made from an image.', {
    resource_type_associations: [image('cinder_')],
    properties: { img_volume_type: text('Volume Type', 'The volume type that a volume gets when it is made from this image and none is named.') },
  }),
];
