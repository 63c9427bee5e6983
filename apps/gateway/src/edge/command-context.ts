import type { CommandContext } from '#libs/contracts';
import type { SentAs } from '#libs/transfers';
import { clientAddress, type AddressRules } from './address.js';
import type { Request } from './request.js';

/** Who sends a request and from where, as the log remembers it. */
export function senderOf(request: Request, address: AddressRules): Omit<CommandContext, 'commandId' | 'requestHash'> {
  const { caller } = request;
  return {
    requestId: request.requestId,
    actor: {
      userId: caller.userId, authMethod: caller.authMethods.join(',') || 'token',
      ...(caller.projectId === null ? {} : { projectId: caller.projectId }), ...(caller.projectDomainId === undefined ? {} : { domainId: caller.projectDomainId }),
    },
    personal: { sourceAddress: clientAddress(request, address), userName: caller.userName },
  };
}

/** The same for one command. */
export const commandContext = (request: Request, { commandId, requestHash }: SentAs, address: AddressRules): CommandContext =>
  ({ commandId, ...(requestHash === undefined ? {} : { requestHash }), ...senderOf(request, address) });
