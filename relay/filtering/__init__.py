"""The filter language over events: one grammar for the command line, the console, saved filters and replay.

    filter     = any of all of conditions; a space means AND; OR, NOT (or a leading -) and parentheses as usual
    condition  = field:value, or a bare word, or "quoted text"

    type:charge.*                    an event type; * stands for anything; a,b means a or b
    status:failed,pending            pending, held, completed, ignored, unmatched, quarantined, failed
    company:acme-telefon             a slug or an id; * as above; company:none has no company of ours
    source:replay                    sandbox, stripe_cli, endpoint, replay, trigger, script, backfill
    amount>=50  amount:10..19.99     euros, or whatever the event's currency is
    received:today  received>=14:30  a day, a time of today, or both: 2026-11-25T14:30; a..b is a range
    age<15m                          younger than; s, m, h, d, w
    id:pi_3N*                        the event's id or number, or the object or payment that it is about
    text:"insufficient funds"        words of the body's values in this order; insuff* begins a word
    mark:bug  mark:*  note:lost      what somebody wrote on it
    @name                            a filter that was saved under this name

A bare word that names a status is that status. Any other finds companies that begin with it, and bodies that have it as
a word, as the type has (`charge`, `payment_intent`); with a `*` in it companies and types alone. `"quoted"` is always
text. AND, OR and NOT are written in capitals.

A time without a zone is a time of this machine, as the screens show it. Light on purpose: the console parses what is
typed as well, to say at once what is wrong with it.
"""
