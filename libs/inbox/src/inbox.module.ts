import { Module } from '@nestjs/common';
import { ContactReadsController } from './contact-reads.controller.js';
import {
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
  controllers: [LiveController, ConversationReadsController, ContactReadsController],
  providers: [
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
