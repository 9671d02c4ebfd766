import { Module } from '@nestjs/common';
import { GetContactCardAtHandler, GetConversationAtHandler } from './as-of.query.js';
import { ContactReadsController } from './contact-reads.controller.js';
import {
  CardReader,
  CountBlockedContactsHandler,
  GetContactCardHandler,
  ListBlockedContactsHandler,
  ListContactsHandler,
} from './contacts.query.js';
import { ConversationReadsController } from './conversation-reads.controller.js';
import { CountConversationsHandler, GetConversationHandler, ListConversationsHandler } from './conversations.query.js';
import { GetTimelineHandler, ListAssignmentsHandler, ListOutboundHandler } from './timeline.query.js';

@Module({
  controllers: [ConversationReadsController, ContactReadsController],
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
  ],
})
export class InboxModule {}
