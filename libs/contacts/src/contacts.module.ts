import { Module } from '@nestjs/common';
import { handlersFor } from '#platform';
import { ContactCommands } from './contact-commands.handlers.js';
import { contactDecider } from './contact.js';
import { ContactsController } from './contacts.controller.js';

@Module({
  controllers: [ContactsController],
  providers: [...handlersFor(contactDecider, ContactCommands)],
})
export class ContactsModule {}
