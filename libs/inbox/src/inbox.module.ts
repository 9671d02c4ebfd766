import { Module } from '@nestjs/common';
import { GetContactCardAtHandler, GetConversationAtHandler } from './as-of.query.js';
import { ContactReadsController } from './contact-reads.controller.js';
import { ContactabilityController } from './contactability.controller.js';
import { GetContactabilityHandler, ListDuplicatesHandler, ListRefusalsHandler } from './contactability.query.js';
import {
  CardReader,
  CountBlockedContactsHandler,
  GetContactCardHandler,
  ListBlockedContactsHandler,
  ListContactsHandler,
} from './contacts.query.js';
import { ConversationReadsController } from './conversation-reads.controller.js';
import { CountConversationsHandler, GetConversationHandler, ListConversationsHandler } from './conversations.query.js';
import { LiveController } from './live.controller.js';
import { GetTimelineHandler, ListAssignmentsHandler, ListOutboundHandler } from './timeline.query.js';

@Module({
  controllers: [LiveController, ConversationReadsController, ContactReadsController, ContactabilityController],
  providers: [
    CardReader,
    GetContactCardAtHandler,
    GetConversationAtHandler,
    ListConversationsHandler,
    CountConversationsHandler,
    GetConversationHandler,
    GetTimelineHandler,
    ListAssignmentsHandler,
    ListOutboundHandler,
    ListContactsHandler,
    GetContactCardHandler,
    ListBlockedContactsHandler,
    CountBlockedContactsHandler,
    GetContactabilityHandler,
    ListRefusalsHandler,
    ListDuplicatesHandler,
  ],
})
export class InboxModule {}
