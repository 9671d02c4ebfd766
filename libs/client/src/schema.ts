// Generated from the OpenAPI document: npm run generate:client

export interface paths {
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process answers */
        get: operations["HealthController_live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process may be given requests */
        get: operations["HealthController_ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Measurements for Prometheus */
        get: operations["HealthController_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/contacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists and searches contacts, by name */
        get: operations["ContactReadsController_list"];
        put?: never;
        /** Registers a contact */
        post: operations["ContactsController_register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/contacts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A contact's card; with at, as it was then */
        get: operations["ContactReadsController_card"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes a contact's name and tags */
        patch: operations["ContactsController_edit"];
        trace?: never;
    };
    "/v1/contacts/{id}/identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Attaches an address to a contact */
        post: operations["ContactsController_attach"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/contacts/{id}/identities/{identityId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Detaches an address from a contact */
        delete: operations["ContactsController_detach"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/contacts/{id}/block": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Blocks a contact */
        post: operations["ContactsController_block"];
        delete?: never;
        options?: never;
        head?: never;
        /** Changes the scope, reason or expiry of a block */
        patch: operations["ContactsController_changeBlock"];
        trace?: never;
    };
    "/v1/contacts/{id}/unblock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends a block */
        post: operations["ContactsController_unblock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/contacts/{id}/consents/{channel}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Records that a contact grants or revokes its consent to a channel */
        put: operations["ContactsController_consent"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/contacts/{id}/merge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Merges another contact into this one */
        post: operations["MergesController_merge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/merges/{id}/undo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Undoes a merge */
        post: operations["MergesController_undo"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/contacts/{id}/erase": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Erases a contact's personal data; `legalBasis` stays on record in clear: name the law, not the person */
        post: operations["ErasuresController_erase"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/erasures/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The certificate of an erasure */
        get: operations["ErasuresController_certificate"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All Chats, My Chats and Unassigned */
        get: operations["ConversationReadsController_list"];
        put?: never;
        /** Starts a conversation, or reopens it */
        post: operations["ConversationsController_start"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a message */
        post: operations["ConversationsController_send"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/messages/{messageId}/hand-over": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a queued message to the gateway */
        post: operations["ConversationsController_handOver"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/messages/{messageId}/delivery": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Records a provider's report on a message */
        post: operations["ConversationsController_delivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{id}/assign-to-me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Claims an unassigned conversation */
        post: operations["ConversationsController_assignToMe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{id}/assign": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Assigns a conversation to a colleague */
        post: operations["ConversationsController_assign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{id}/unassign": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes the assignee away */
        post: operations["ConversationsController_unassign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{id}/conclude": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Concludes a conversation */
        post: operations["ConversationsController_conclude"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{id}/reopen": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reopens a concluded conversation */
        post: operations["ConversationsController_reopen"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{id}/automation/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pauses automation */
        post: operations["ConversationsController_pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{id}/automation/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Resumes automation */
        post: operations["ConversationsController_resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Marks a conversation as read up to a message */
        post: operations["ConversationsController_read"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/staff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the staff members */
        get: operations["StaffController_list"];
        put?: never;
        /** Invites a staff member */
        post: operations["StaffController_invite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/staff/{id}/access": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Sets which conversations a staff member sees */
        put: operations["StaffController_access"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/staff/{id}/role": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Sets a staff member's role */
        put: operations["StaffController_role"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/staff/{id}/availability": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Says whether a staff member is available */
        put: operations["StaffController_availability"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/staff/{id}/deactivate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Deactivates a staff member; their conversations are released */
        post: operations["StaffController_deactivate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists all settings with their allowed values; read from the stream */
        get: operations["SettingsController_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/settings/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Changes a setting from now on; the past is not decided again */
        put: operations["SettingsController_change"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallets/route": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings a contact into a code's wallet, and its conversation to the responsible where the settings say so */
        post: operations["WalletContactsController_route"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallets/{id}/contacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists and searches a wallet's contacts, by name */
        get: operations["ContactReadsController_ofWallet"];
        put?: never;
        /** Adds up to 10,000 contacts, each with a result of its own; agents add the contact of a conversation */
        post: operations["WalletContactsController_add"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallets/{id}/contacts/{contactId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes a contact out; agents take out the contact of a conversation */
        delete: operations["WalletContactsController_remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the wallets by name, archived ones too */
        get: operations["WalletsController_list"];
        put?: never;
        /** Creates a wallet */
        post: operations["WalletsController_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallets/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One wallet */
        get: operations["WalletsController_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes name, code or hours; null takes code or hours away */
        patch: operations["WalletsController_edit"];
        trace?: never;
    };
    "/v1/wallets/{id}/responsible": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Names the responsible, or nobody; running assignments stay */
        put: operations["WalletsController_responsible"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallets/{id}/members/{staffId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Adds a staff member */
        put: operations["WalletsController_addMember"];
        post?: never;
        /** Removes a staff member; not the responsible */
        delete: operations["WalletsController_removeMember"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallets/{id}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Archives a wallet: it adds and routes nothing any more, and its name and code are free */
        post: operations["WalletsController_archive"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallets/{id}/hours": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Is it open at a time (now, if none is given), by the hours of then? Read from the stream */
        get: operations["WalletsController_hours"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Which rows of the caller’s lists change, as it happens */
        get: operations["LiveController_live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/counts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How many conversations the lists hold */
        get: operations["ConversationReadsController_counts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One conversation; with at, as it was then */
        get: operations["ConversationReadsController_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{id}/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Displayed messages and changes of state */
        get: operations["ConversationReadsController_timeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{id}/assignments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The history of assignees */
        get: operations["ConversationReadsController_assignments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/messages/outbound": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Messages that wait for the gateway, oldest first */
        get: operations["ConversationReadsController_outbound"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/blocked-contacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The blocked contacts, newest first */
        get: operations["ContactReadsController_blocked"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/blocked-contacts/count": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How many contacts are blocked */
        get: operations["ContactReadsController_count"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/contacts/{id}/contactability": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** May the company begin to speak to the contact, and what stands against it? */
        get: operations["ContactabilityController_contactability"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/contacts/{id}/refusals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was not sent to the contact, and why, newest first */
        get: operations["ContactabilityController_refusals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/duplicates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Pairs of contacts that were found to share an address, newest first */
        get: operations["ContactabilityController_duplicates"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/messages/inbound": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes in a customer's message; a blocked customer's is ignored, never rejected */
        post: operations["InboundController_receive"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/messages/inbound/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes in up to 10,000 messages, one a line; the answer has a result or a problem a line, in the same order */
        post: operations["InboundController_receiveBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/block-filter/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** May a message be shown? */
        get: operations["BlockFilterController_check"];
        put?: never;
        /** The same for up to 10,000 messages; verdicts in the same order */
        post: operations["BlockFilterController_checkMany"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/block-filter/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All that is or was covered, one interval a line, as of one moment */
        get: operations["FilterFeedController_snapshot"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/block-filter/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same lines as they change, from a snapshot’s token on */
        get: operations["FilterFeedController_live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/contacts/{id}/block-history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All blocks of a contact with what they did, read from the streams; format: json, csv or ndjson */
        get: operations["AuditController_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/contacts/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A contact's facts one by one, each with the contact behind it; read from the stream */
        get: operations["AuditController_replay"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/blocked-conversations.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Conversations and the blocks that began in the range, for analysis */
        get: operations["AuditController_blockedConversations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The tenant's facts that were recorded in the range, chained by SHA-256; the export itself is recorded first */
        get: operations["AuditController_export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/contacts/{id}/quarantine": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a blocked contact sent and nobody was shown; that it was looked at is recorded first */
        get: operations["QuarantineController_view"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/projections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The read models: where they stand and what is being rebuilt */
        get: operations["OpsController_projections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/projections/{name}/rebuild": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Builds a read model (or all) anew beside the live one and swaps when it is level */
        post: operations["OpsController_requestRebuild"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/projections/{name}/compare": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Compares a read model with a fresh fold of the log, at one position; 202 with an id if that takes long */
        post: operations["OpsController_compare"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/projections/{name}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets the generation that stands by answer queries again */
        post: operations["OpsController_rollback"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/rebuilds/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far a rebuild is */
        get: operations["OpsController_rebuild"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/rebuilds/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a rebuild stand still */
        post: operations["OpsController_pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/rebuilds/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a paused rebuild go on */
        post: operations["OpsController_resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/rebuilds/{id}/promote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Goes live when ready, also where autoPromote was false */
        post: operations["OpsController_promote"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/rebuilds/{id}/abort": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends a rebuild and drops what it built */
        post: operations["OpsController_abort"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/projections/{name}/parked": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Keys and streams whose events wait, by the first of them */
        get: operations["ParkedController_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/projections/{name}/parked/{sequence}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Folds the parked events again, in their order, up to the first that fails again */
        post: operations["ParkedController_retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/projections/{name}/parked/{sequence}/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives up the first parked event for good, with a reason, and folds those behind it */
        post: operations["ParkedController_discard"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        HealthAnswer: {
            /** @enum {string} */
            status: "ok";
        };
        IdentityBody: {
            /** @enum {string} */
            kind: "phone" | "whatsapp" | "viber" | "sms" | "email" | "webchat" | "facebook" | "instagram" | "telegram";
            value: string;
            verified?: boolean;
        };
        RegisterBody: {
            displayName: string;
            identities?: components["schemas"]["IdentityBody"][];
            tags?: string[];
        };
        IdentityAnswer: {
            identityId: string;
            kind: string;
        };
        RegisteredAnswer: {
            contactId: string;
            identities: components["schemas"]["IdentityAnswer"][];
            /** @description Contacts that have one of the addresses too */
            duplicates: string[];
        };
        EditBody: {
            displayName?: string;
            addTags?: string[];
            removeTags?: string[];
        };
        ContactIdAnswer: {
            contactId: string;
        };
        IdentityIdAnswer: {
            identityId: string;
        };
        NoticeBody: {
            text: string;
        };
        BlockBody: {
            confirm?: boolean;
            /** @enum {string} */
            kind?: "do_not_contact" | "protection";
            scope?: {
                /** @enum {boolean} */
                all: true;
            } | {
                channels: ("whatsapp" | "viber" | "sms" | "email" | "webchat" | "facebook" | "instagram" | "telegram")[];
            };
            reasonCode?: string;
            reasonText?: string;
            /** Format: uuid */
            conversationId?: string;
            notice?: components["schemas"]["NoticeBody"];
            /** Format: date-time */
            expiresAt?: string;
        };
        BlockAnswer: {
            blockId: string;
            alreadyBlocked: boolean;
            noticeMessageId?: string;
        };
        ChangeBlockBody: {
            scope?: {
                /** @enum {boolean} */
                all: true;
            } | {
                channels: ("whatsapp" | "viber" | "sms" | "email" | "webchat" | "facebook" | "instagram" | "telegram")[];
            };
            reasonCode?: string | null;
            reasonText?: string | null;
            /** Format: date-time */
            expiresAt?: string | null;
        };
        BlockIdAnswer: {
            blockId: string;
        };
        UnblockBody: {
            confirm?: boolean;
            /** @enum {string} */
            requestedBy: "customer" | "company";
            reason?: string;
        };
        ConsentBody: {
            /** @enum {string} */
            state: "granted" | "revoked";
            evidence?: string;
            wordingVersion?: string;
            /** @enum {string} */
            source?: "manual" | "customer" | "import" | "opt_out_keyword";
        };
        ConsentChangedAnswer: {
            /** @enum {string} */
            channel: "whatsapp" | "viber" | "sms" | "email";
            /** @enum {string} */
            state: "granted" | "revoked";
            source: string;
            at: string;
        };
        MergeBody: {
            /** Format: uuid */
            absorbedId: string;
            confirm?: boolean;
        };
        MergeIdAnswer: {
            mergeId: string;
        };
        EmptyBody: Record<string, never>;
        EraseBody: {
            confirm?: boolean;
            legalBasis: string;
        };
        EraseAnswer: {
            erasureId: string;
        };
        ErasureStepAnswer: {
            step: string;
            at: string;
            /** @description Where the log stood */
            position: string;
        };
        ErasureAnswer: {
            erasureId: string;
            contactId: string;
            /** @enum {string} */
            status: "pending" | "completed";
            requestedBy: string;
            legalBasis: string;
            keyId: string | null;
            destroyedAt: string | null;
            completedAt: string | null;
            steps: components["schemas"]["ErasureStepAnswer"][];
        };
        StartBody: {
            /** Format: uuid */
            contactId: string;
            /** @enum {string} */
            channel: "whatsapp" | "viber" | "sms" | "email" | "webchat" | "facebook" | "instagram" | "telegram";
            /** Format: uuid */
            identityId?: string;
        };
        ConversationIdAnswer: {
            conversationId: string;
        };
        ContentBody: {
            text: string;
        };
        SendBody: {
            content: components["schemas"]["ContentBody"];
            /** @enum {string} */
            purpose?: "reply" | "notification";
            viaDevice?: boolean;
        };
        SentAnswer: {
            messageId: string;
            engaged: boolean;
            /** @enum {string} */
            automation: "running" | "paused";
        };
        OfConversationBody: {
            /** Format: uuid */
            conversationId: string;
        };
        HandOverAnswer: {
            to: string;
            channel: string;
            content: {
                [key: string]: unknown;
            };
        };
        DeliveryBody: {
            /** Format: uuid */
            conversationId: string;
            /** @enum {string} */
            status: "delivered" | "failed";
            reason?: string;
            /** Format: date-time */
            at: string;
        };
        DeliveryAnswer: {
            messageId: string;
        };
        AssignedAnswer: {
            assigneeId: string | null;
            assignmentNo: number;
        };
        AssignBody: {
            assigneeId: string;
            expectedAssigneeId?: string | null;
            note?: string;
        };
        StateAnswer: {
            conversationId: string;
            /** @enum {string} */
            status: "open" | "concluded";
            assigneeId: string | null;
            /** @enum {string} */
            automation: "running" | "paused";
        };
        ConcludeBody: {
            outcome?: string;
        };
        ReadBody: {
            upToOrdinal: number;
        };
        ReadAnswer: {
            upToOrdinal: number;
        };
        StaffRow: {
            staffId: string;
            name: string | null;
            /** @enum {string} */
            role: "agent" | "supervisor" | "admin";
            /** @enum {string} */
            conversationAccess: "all" | "assigned_only" | "assigned_and_unassigned";
            available: boolean;
            active: boolean;
        };
        StaffListAnswer: {
            items: components["schemas"]["StaffRow"][];
            nextCursor: string | null;
        };
        InviteBody: {
            staffId?: string;
            name: string;
            /** @enum {string} */
            role: "agent" | "supervisor" | "admin";
            /** @enum {string} */
            conversationAccess: "all" | "assigned_only" | "assigned_and_unassigned";
        };
        StaffIdAnswer: {
            staffId: string;
        };
        AccessBody: {
            /** @enum {string} */
            conversationAccess: "all" | "assigned_only" | "assigned_and_unassigned";
        };
        RoleBody: {
            /** @enum {string} */
            role: "agent" | "supervisor" | "admin";
        };
        AvailabilityBody: {
            available: boolean;
        };
        SettingAnswer: {
            key: string;
            value: string | number | boolean | null | {
                [key: string]: unknown;
            } | unknown[];
            default: string | number | boolean | null | {
                [key: string]: unknown;
            } | unknown[];
            allowed: (string | number | boolean | null | {
                [key: string]: unknown;
            } | unknown[])[];
            description: string;
        };
        SettingsAnswer: {
            items: components["schemas"]["SettingAnswer"][];
            nextCursor: string | null;
        };
        SettingBody: {
            value: string | number | boolean | null | {
                [key: string]: unknown;
            } | unknown[];
        };
        RouteByCodeBody: {
            code: string;
            /** Format: uuid */
            contactId: string;
            /** Format: uuid */
            conversationId?: string;
        };
        RoutedByCodeAnswer: {
            walletId: string;
            /** @description The responsible, if the conversation is theirs now */
            assigneeId?: string;
        };
        AddWalletContactsBody: {
            contactIds: string[];
            /** Format: uuid */
            conversationId?: string;
        };
        WalletContactFailureAnswer: {
            contactId: string;
            /** @enum {string} */
            code: "contact-not-found" | "contact-erased" | "contact-merged";
        };
        WalletContactsAnswer: {
            bulkId: string;
            added: number;
            /** @description In the wallet already, or said before in the same list */
            skipped: number;
            failed: components["schemas"]["WalletContactFailureAnswer"][];
        };
        WalletContactRemovedAnswer: {
            walletId: string;
            contactId: string;
            /** @description false: it was not in the wallet */
            removed: boolean;
        };
        WeeklyHours: {
            mon?: string[][];
            tue?: string[][];
            wed?: string[][];
            thu?: string[][];
            fri?: string[][];
            sat?: string[][];
            sun?: string[][];
        };
        WorkingHours: {
            /** @description A name of the IANA database: America/Sao_Paulo */
            timeZone: string;
            weekly: components["schemas"]["WeeklyHours"];
            closed?: string[];
        };
        CreateWalletBody: {
            name: string;
            code?: (string | {
                /** @enum {boolean} */
                generate: true;
            }) | null;
            hours?: components["schemas"]["WorkingHours"] | null;
            responsibleId?: string | null;
        };
        WalletCodeAnswer: {
            walletId: string;
            code: string | null;
        };
        WalletResponsibleAnswer: {
            staffId: string;
            from: string;
            /** @description null: they are it now */
            to: string | null;
        };
        WalletAnswer: {
            walletId: string;
            name: string;
            code: string | null;
            hours: components["schemas"]["WorkingHours"] | null;
            archived: boolean;
            responsibleId: string | null;
            responsibles: components["schemas"]["WalletResponsibleAnswer"][];
            /** @description The responsible is one of them */
            members: string[];
            contactCount: number;
        };
        WalletListAnswer: {
            items: components["schemas"]["WalletAnswer"][];
            nextCursor: string | null;
        };
        EditWalletBody: {
            name?: string;
            code?: (string | {
                /** @enum {boolean} */
                generate: true;
            }) | null;
            hours?: components["schemas"]["WorkingHours"] | null;
        };
        WalletResponsibleBody: {
            staffId: string | null;
        };
        WalletStaffAnswer: {
            walletId: string;
            responsibleId: string | null;
            members: string[];
        };
        WalletArchivedAnswer: {
            walletId: string;
            archived: boolean;
        };
        WalletHoursAnswer: {
            open: boolean;
            /** @description null: not within 400 days */
            nextChangeAt: string | null;
        };
        ConversationAnswer: {
            conversationId: string;
            contactId: string;
            contactName: string | null;
            channel: string;
            /** @enum {string} */
            status: "open" | "concluded";
            assigneeId: string | null;
            /** @enum {string} */
            automation: "running" | "paused";
            lastDisplayedAt: string;
            lastMessagePreview: string | null;
            /** @description Displayed inbound messages above the caller's marker */
            unread: number;
            contactBlocked: boolean;
        };
        ConversationListAnswer: {
            items: components["schemas"]["ConversationAnswer"][];
            nextCursor: string | null;
        };
        StatusCounts: {
            open: number;
            concluded: number;
        };
        CountsAnswer: {
            all: components["schemas"]["StatusCounts"];
            mine: components["schemas"]["StatusCounts"];
            unassigned: components["schemas"]["StatusCounts"];
        };
        AsOfAnswer: {
            at: string;
            /** @description Of the last fact that is in the answer */
            revision: number;
        };
        ConversationDetailAnswer: {
            conversationId: string;
            contactId: string;
            contactName: string | null;
            channel: string;
            /** @enum {string} */
            status: "open" | "concluded";
            assigneeId: string | null;
            /** @enum {string} */
            automation: "running" | "paused";
            lastDisplayedAt: string;
            lastMessagePreview: string | null;
            /** @description Displayed inbound messages above the caller's marker */
            unread: number;
            contactBlocked: boolean;
            identityId: string;
            assignmentNo: number;
            sessionNo: number;
            asOf?: components["schemas"]["AsOfAnswer"];
        };
        TimelineContentAnswer: {
            text: string;
        };
        TimelineItemAnswer: {
            /** @enum {string} */
            kind: "message" | "state";
            messageId?: string;
            /** @enum {string} */
            direction?: "inbound" | "outbound";
            authorId?: string;
            sentAt: string;
            ordinal?: number;
            content?: components["schemas"]["TimelineContentAnswer"] | null;
            state?: {
                [key: string]: unknown;
            };
            delivery?: string;
            /** @description Kept by the mode receive of block.inboundMode */
            sentWhileBlocked?: boolean;
        };
        TimelineAnswer: {
            items: components["schemas"]["TimelineItemAnswer"][];
            nextCursor: string | null;
            /** @description Messages that were sent while blocked; null for agents */
            hiddenCount: number | null;
        };
        AssignmentAnswer: {
            assignmentNo: number;
            assigneeId: string;
            assignedBy: string;
            method: string;
            assignedAt: string;
            engagedAt: string | null;
            endedAt: string | null;
            endReason: string | null;
            note: string | null;
        };
        AssignmentsAnswer: {
            items: components["schemas"]["AssignmentAnswer"][];
            nextCursor: string | null;
        };
        OutboundAnswer: {
            messageId: string;
            conversationId: string;
            channel: string;
            requestedAt: string;
            purpose: string;
        };
        OutboundListAnswer: {
            items: components["schemas"]["OutboundAnswer"][];
            nextCursor: string | null;
        };
        ContactIdentityAnswer: {
            identityId: string;
            kind: string;
            value: string | null;
            verified: boolean;
        };
        ContactAnswer: {
            contactId: string;
            displayName: string | null;
            tags: string[];
            blocked: boolean;
            identities: components["schemas"]["ContactIdentityAnswer"][];
        };
        ContactListAnswer: {
            items: components["schemas"]["ContactAnswer"][];
            nextCursor: string | null;
        };
        CardBlockAnswer: {
            blockId: string;
            kind: string;
            scope: {
                [key: string]: unknown;
            };
            reasonCode: string | null;
            reasonText: string | null;
            blockedBy: string;
            blockedAt: string;
            expiresAt: string | null;
            /** @description May the caller end it? */
            mayUnblock: boolean;
        };
        ConsentAnswer: {
            /** @enum {string} */
            state: "granted" | "revoked" | "unset";
            source: string | null;
            at: string | null;
        };
        ConsentsAnswer: {
            whatsapp: components["schemas"]["ConsentAnswer"];
            viber: components["schemas"]["ConsentAnswer"];
            sms: components["schemas"]["ConsentAnswer"];
            email: components["schemas"]["ConsentAnswer"];
        };
        WalletNameAnswer: {
            walletId: string;
            name: string;
        };
        CardConversationAnswer: {
            conversationId: string;
            channel: string;
            status: string;
            assigneeId: string | null;
        };
        ContactCardAnswer: {
            contactId: string;
            displayName: string | null;
            tags: string[];
            identities: components["schemas"]["ContactIdentityAnswer"][];
            block: components["schemas"]["CardBlockAnswer"] | null;
            consents: components["schemas"]["ConsentsAnswer"];
            wallets: components["schemas"]["WalletNameAnswer"][];
            conversations: components["schemas"]["CardConversationAnswer"][];
            asOf?: components["schemas"]["AsOfAnswer"];
            /** @description The contact that this one is part of now */
            mergedInto?: string;
            /** @description True where the contact was erased */
            erased?: boolean;
        };
        BlockedContactAnswer: {
            contactId: string;
            displayName: string | null;
            blockId: string;
            kind: string;
            scope: {
                [key: string]: unknown;
            };
            reasonCode: string | null;
            blockedBy: string;
            blockedAt: string;
            expiresAt: string | null;
            /** @description For supervisors, administrators and auditors; others get null */
            ignoredCount: number | null;
            lastIgnoredAt: string | null;
        };
        BlockedListAnswer: {
            items: components["schemas"]["BlockedContactAnswer"][];
            nextCursor: string | null;
        };
        CountAnswer: {
            count: number;
        };
        ChannelAnswer: {
            allowed: boolean;
            /** @description All that apply */
            reasons: ("no-address" | "consent-unset" | "consent-revoked" | "blocked")[];
        };
        ChannelsAnswer: {
            whatsapp: components["schemas"]["ChannelAnswer"];
            viber: components["schemas"]["ChannelAnswer"];
            sms: components["schemas"]["ChannelAnswer"];
            email: components["schemas"]["ChannelAnswer"];
            webchat: components["schemas"]["ChannelAnswer"];
            facebook: components["schemas"]["ChannelAnswer"];
            instagram: components["schemas"]["ChannelAnswer"];
            telegram: components["schemas"]["ChannelAnswer"];
        };
        ContactabilityAnswer: {
            channels: components["schemas"]["ChannelsAnswer"];
            /** @description Contacts found to share an address with this one */
            duplicates: string[];
        };
        RefusalAnswer: {
            at: string;
            channel: string;
            /** @enum {string} */
            purpose: "reply" | "notification" | "start";
            reasons: ("no-address" | "consent-unset" | "consent-revoked" | "blocked")[];
            requestedBy: string;
        };
        RefusalListAnswer: {
            items: components["schemas"]["RefusalAnswer"][];
            nextCursor: string | null;
        };
        DuplicateAnswer: {
            kind: string;
            contactIds: string[];
            detectedAt: string;
        };
        DuplicateListAnswer: {
            items: components["schemas"]["DuplicateAnswer"][];
            nextCursor: string | null;
        };
        ReceivedAnswer: {
            /** @enum {string} */
            disposition: "displayed" | "ignored" | "quarantined" | "received_while_blocked" | "duplicate";
            contactId: string;
            identityId: string;
            conversationId?: string;
            messageId?: string;
            blockId?: string;
        };
        VerdictAnswer: {
            /** @enum {string} */
            verdict: "display" | "hide";
            blockId?: string;
            blockedAt?: string;
            contactId?: string;
        };
        StreamRevisionAnswer: {
            stream: string;
            revision: number;
        };
        BlockChangeAnswer: {
            scope?: {
                [key: string]: unknown;
            };
            reasonCode?: string | null;
            reasonText?: string | null;
            expiresAt?: string | null;
            changedBy: string;
            changedAt: string;
        };
        BlockFactAnswer: {
            eventId: string;
            type: string;
            stream: string;
            revision: number;
            recordedAt: string;
            actor: string;
            commandId: string;
            correlationId: string;
        };
        EpisodeAnswer: {
            blockId: string;
            kind: string;
            /** @description As it was first; changes say what became of it */
            scope: {
                [key: string]: unknown;
            };
            reasonCode: string | null;
            reasonText: string | null;
            blockedBy: string;
            blockedAt: string;
            expiresAt: string | null;
            originConversationId: string | null;
            noticeMessageId: string | null;
            changes: components["schemas"]["BlockChangeAnswer"][];
            endedAt: string | null;
            endedBy: string | null;
            /** @enum {string|null} */
            endedHow: "unblocked" | "expired" | "merged" | null;
            /** @enum {string|null} */
            requestedBy: "customer" | "company" | null;
            unblockReason: string | null;
            durationMs: number | null;
            ignored: {
                [key: string]: number;
            };
            concludedConversationIds: string[];
            facts: components["schemas"]["BlockFactAnswer"][];
        };
        BlockHistoryAnswer: {
            contactId: string;
            /** @description Of the contact's stream */
            revision: number;
            /** @description All that was read, and how far */
            streams: components["schemas"]["StreamRevisionAnswer"][];
            episodes: components["schemas"]["EpisodeAnswer"][];
        };
        ReplayStepAnswer: {
            eventId: string;
            type: string;
            stream: string;
            revision: number;
            recordedAt: string;
            actor: string;
            commandId: string;
            correlationId: string;
            /** @description The own time of the fact */
            at: string;
            data: {
                [key: string]: unknown;
            };
            /** @description The contact behind the fact */
            state: {
                [key: string]: unknown;
            } | null;
        };
        ReplayAnswer: {
            /** @description Of the contact's stream */
            revision: number;
            items: components["schemas"]["ReplayStepAnswer"][];
            nextCursor: string | null;
        };
        QuarantinedMessageAnswer: {
            eventId: string;
            revision: number;
            blockId: string;
            identityId: string;
            channel: string;
            conversationId: string;
            sentAt: string | null;
            receivedAt: string;
            /** @description null once it was purged or the contact erased */
            content: {
                [key: string]: unknown;
            } | null;
        };
        QuarantineAnswer: {
            items: components["schemas"]["QuarantinedMessageAnswer"][];
            nextCursor: string | null;
        };
        ProgressAnswer: {
            rebuildId: string;
            phase: string;
            done: number;
            total: number | null;
            eventsPerSecond: number | null;
            etaSeconds: number | null;
        };
        ProjectionAnswer: {
            name: string;
            version: number;
            /** @enum {string} */
            state: "live" | "failed" | "paused" | "detached";
            checkpoint: string | null;
            lagSeconds: number;
            lagEvents: number | null;
            parkedSequences: number;
            generation: number | null;
            rebuild: components["schemas"]["ProgressAnswer"] | null;
        };
        ProjectionsAnswer: {
            items: components["schemas"]["ProjectionAnswer"][];
            nextCursor: string | null;
        };
        RebuildBody: {
            dryRun?: boolean;
            autoPromote?: boolean;
            park?: boolean;
        };
        EstimateAnswer: {
            events: number;
            rows: number;
            seconds: number | null;
        };
        RequestedAnswer: {
            rebuildId: string;
        };
        ContentAnswer: {
            rows: number;
            hash: string;
            /** @description Did the new rows equal the old ones? */
            equal: boolean;
            /** @description Rows that were not compared, since facts of theirs are parked */
            parked: number;
        };
        GenerationAnswer: {
            generation: number;
        };
        RebuildAnswer: {
            rebuildId: string;
            phase: string;
            done: number;
            total: number | null;
            eventsPerSecond: number | null;
            etaSeconds: number | null;
            /** @enum {string} */
            kind: "rebuild" | "compare";
            paused: boolean;
            projections: string[];
            result: components["schemas"]["ContentAnswer"] | null;
            error: string | null;
        };
        ParkedAnswer: {
            /** @description Names it in retry and discard */
            sequence: string;
            /** @description Values of the row’s key, or the stream that cannot be read */
            key: string;
            tenant: string;
            firstEventId: string;
            firstPosition: string;
            events: number;
            error: string;
            parkedAt: string;
        };
        ParkedListAnswer: {
            items: components["schemas"]["ParkedAnswer"][];
            nextCursor: string | null;
        };
        RetriedAnswer: {
            applied: number;
            /** @description Parked still */
            left: number;
            error: string | null;
        };
        DiscardBody: {
            reason: string;
        };
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            /** @enum {string} */
            code: "invalid-request" | "cursor-invalid" | "token-invalid" | "unauthenticated" | "forbidden" | "administrator-required" | "staff-inactive" | "not-found" | "wallet-code-unknown" | "setting-unknown" | "contact-blocked" | "contact-not-blocked" | "contact-merged" | "contact-erased" | "duplicate-contact" | "already-assigned" | "assignee-changed" | "assignee-not-eligible" | "not-the-assignee" | "automation-paused" | "consent-missing" | "no-address" | "message-cancelled" | "wallet-name-taken" | "wallet-code-taken" | "wallet-archived" | "responsible-cannot-be-removed" | "merge-superseded" | "staff-exists" | "projection-state" | "revision-stale" | "body-too-large" | "unsupported-media-type" | "idempotency-key-reused" | "confirmation-required" | "reason-required" | "expiry-not-allowed" | "notice-off" | "notice-impossible" | "setting-value-refused" | "rate-limited" | "not-yet-visible" | "store-unavailable" | "busy" | "code-too-old" | "rebuilding" | "internal";
            correlationId: string;
            errors?: {
                path: string;
                message: string;
            }[];
        };
    };
    responses: never;
    parameters: {
        /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
        IdempotencyKey: string;
        /** @description The revision that the resource must have, in quotes; otherwise 412. */
        IfMatch: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    HealthController_live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    HealthController_ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    HealthController_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactReadsController_list: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
                search?: string;
                tag?: string;
                blocked?: boolean;
                walletId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContactListAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactsController_register: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegisterBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegisteredAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactReadsController_card: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                /** @description As it was then; supervisors, administrators and auditors may ask */
                at?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContactCardAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactsController_edit: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EditBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContactIdAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactsController_attach: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["IdentityBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IdentityIdAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactsController_detach: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
                identityId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IdentityIdAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactsController_block: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BlockBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlockAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactsController_changeBlock: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeBlockBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlockIdAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactsController_unblock: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UnblockBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlockIdAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactsController_consent: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
                channel: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConsentBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentChangedAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    MergesController_merge: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MergeBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MergeIdAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    MergesController_undo: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MergeIdAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ErasuresController_erase: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EraseBody"];
            };
        };
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EraseAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ErasuresController_certificate: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErasureAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationReadsController_list: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
                view?: "all" | "mine" | "unassigned";
                status?: "open" | "concluded";
                walletId?: string;
                search?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationListAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationsController_start: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StartBody"];
            };
        };
        responses: {
            /** @description It existed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationIdAnswer"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationIdAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationsController_send: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SendBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SentAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationsController_handOver: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                messageId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OfConversationBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HandOverAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationsController_delivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                messageId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeliveryBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationsController_assignToMe: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssignedAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationsController_assign: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AssignBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssignedAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationsController_unassign: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StateAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationsController_conclude: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConcludeBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StateAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationsController_reopen: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StateAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationsController_pause: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StateAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationsController_resume: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StateAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationsController_read: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReadBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    StaffController_list: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StaffListAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    StaffController_invite: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InviteBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StaffIdAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    StaffController_access: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccessBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StaffIdAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    StaffController_role: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RoleBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StaffIdAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    StaffController_availability: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AvailabilityBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StaffIdAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    StaffController_deactivate: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StaffIdAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    SettingsController_list: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingsAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    SettingsController_change: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SettingBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    WalletContactsController_route: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RouteByCodeBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoutedByCodeAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactReadsController_ofWallet: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
                search?: string;
                tag?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContactListAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    WalletContactsController_add: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddWalletContactsBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WalletContactsAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    WalletContactsController_remove: {
        parameters: {
            query?: {
                conversationId?: string;
            };
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
                contactId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WalletContactRemovedAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    WalletsController_list: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WalletListAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    WalletsController_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateWalletBody"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WalletCodeAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    WalletsController_get: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WalletAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    WalletsController_edit: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EditWalletBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WalletCodeAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    WalletsController_responsible: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WalletResponsibleBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WalletStaffAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    WalletsController_addMember: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
                staffId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WalletStaffAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    WalletsController_removeMember: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
                staffId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WalletStaffAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    WalletsController_archive: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WalletArchivedAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    WalletsController_hours: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                at?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WalletHoursAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    LiveController_live: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Data {conversationId, change: "changed"|"gone"}. Last-Event-ID resumes; event: reset asks to load the list anew; event: end says why it ends */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationReadsController_counts: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CountsAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationReadsController_get: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                /** @description As it was then; supervisors, administrators and auditors may ask */
                at?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationDetailAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationReadsController_timeline: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
                order?: "asc" | "desc";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TimelineAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationReadsController_assignments: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssignmentsAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ConversationReadsController_outbound: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OutboundListAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactReadsController_blocked: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
                search?: string;
                kind?: "do_not_contact" | "protection";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlockedListAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactReadsController_count: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CountAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactabilityController_contactability: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContactabilityAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactabilityController_refusals: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefusalListAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ContactabilityController_duplicates: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DuplicateListAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    InboundController_receive: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    channel: "whatsapp" | "viber" | "sms" | "email" | "webchat" | "facebook" | "instagram" | "telegram";
                    from: {
                        /** @enum {string} */
                        kind: "phone" | "whatsapp" | "viber" | "sms" | "email" | "webchat" | "facebook" | "instagram" | "telegram";
                        value: string;
                        displayName?: string;
                        verified?: boolean;
                        also?: {
                            /** @enum {string} */
                            kind: "phone" | "whatsapp" | "viber" | "sms" | "email" | "webchat" | "facebook" | "instagram" | "telegram";
                            value: string;
                            verified: boolean;
                        }[];
                    };
                    providerMessageId: string;
                    /** Format: date-time */
                    sentAt?: string;
                    content: {
                        text: string;
                    };
                };
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReceivedAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    InboundController_receiveBatch: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-ndjson": string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    BlockFilterController_check: {
        parameters: {
            query: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                channel: "whatsapp" | "viber" | "sms" | "email" | "webchat" | "facebook" | "instagram" | "telegram";
                kind: "phone" | "whatsapp" | "viber" | "sms" | "email" | "webchat" | "facebook" | "instagram" | "telegram";
                value: string;
                sentAt?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VerdictAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    BlockFilterController_checkMany: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
            };
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    channel: "whatsapp" | "viber" | "sms" | "email" | "webchat" | "facebook" | "instagram" | "telegram";
                    /** @enum {string} */
                    kind: "phone" | "whatsapp" | "viber" | "sms" | "email" | "webchat" | "facebook" | "instagram" | "telegram";
                    value: string;
                    /** Format: date-time */
                    sentAt?: string;
                }[];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VerdictAnswer"][];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    FilterFeedController_snapshot: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Lines {addresses, kind, identityId, contactId, channels, from, to, blockId}; the last one is {token}: without it the answer is not whole */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    FilterFeedController_live: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Data is a line of the snapshot; it replaces the one with the same identityId, blockId, from and channels, and without addresses it covers nothing. event: reset asks for a new snapshot; event: end says why it ends */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuditController_history: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                format?: "json" | "csv" | "ndjson";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlockHistoryAnswer"];
                    "text/csv": string;
                    "application/x-ndjson": string;
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuditController_replay: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
                /** @description Inclusive, by the own time of the facts */
                from?: string;
                /** @description Exclusive */
                to?: string;
                /** @description ndjson gives all of it, a fact a line */
                format?: "json" | "ndjson";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplayAnswer"];
                    "application/x-ndjson": string;
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuditController_blockedConversations: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                /** @description Inclusive */
                from?: string;
                /** @description Exclusive */
                to?: string;
                /** @description Only contacts that are in this wallet now */
                walletId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuditController_export: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                /** @description Inclusive */
                from?: string;
                /** @description Exclusive */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    QuarantineController_view: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
                /** @description Why it is looked at; recorded */
                reason?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QuarantineAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OpsController_projections: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectionsAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OpsController_requestRebuild: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RebuildBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EstimateAnswer"];
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RequestedAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OpsController_compare: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContentAnswer"];
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RequestedAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OpsController_rollback: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GenerationAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OpsController_rebuild: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RebuildAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OpsController_pause: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RebuildAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OpsController_resume: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RebuildAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OpsController_promote: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RebuildAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OpsController_abort: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RebuildAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ParkedController_list: {
        parameters: {
            query?: {
                /** @description a Consistency-Token: answer only from what has seen its write */
                after?: string;
                wait?: number;
                limit?: number;
                /** @description nextCursor of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ParkedListAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ParkedController_retry: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                name: string;
                sequence: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetriedAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ParkedController_discard: {
        parameters: {
            query?: never;
            header?: {
                /** @description The command id. The same key with the same request gives the first answer again, for 24 h. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The revision that the resource must have, in quotes; otherwise 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                name: string;
                sequence: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DiscardBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetriedAnswer"];
                };
            };
            /** @description A refusal (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
