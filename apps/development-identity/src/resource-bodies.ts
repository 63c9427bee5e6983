import { domain, type Project, type User } from './directory.js';

export const projectBody = ({ id, name }: Project) =>
  ({ id, name, domain_id: domain.id, parent_id: domain.id, enabled: true, is_domain: false, description: '', tags: [], options: {}, links: {} });

export const userBody = ({ id, name }: User) =>
  ({ id, name, domain_id: domain.id, enabled: true, password_expires_at: null, options: {}, links: {} });

export const domainBody = ({ id, name }: { id: string; name: string }) =>
  ({ id, name, enabled: true, description: 'The only domain of the development identity.', tags: [], options: {}, links: {} });

export const roleBody = ({ id, name }: { id: string; name: string }) => ({ id, name, domain_id: null, description: null, options: {}, links: {} });
