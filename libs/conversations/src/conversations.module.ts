import { Module } from '@nestjs/common';
import { handlersFor } from '#platform';
import { ConversationCommands, ReadMarkerCommands } from './conversation-commands.handlers.js';
import { conversationDecider } from './conversation.js';
import { ConversationsController } from './conversations.controller.js';
import { readMarkerDecider } from './read-marker.js';

@Module({
  controllers: [ConversationsController],
  providers: [
    ...handlersFor(conversationDecider, ConversationCommands),
    ...handlersFor(readMarkerDecider, ReadMarkerCommands),
  ],
})
export class ConversationsModule {}
