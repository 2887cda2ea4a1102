"""How mail leaves over SMTP, from `sender.SmtpSender` inwards.

`sender` keeps one connection and sends mail after mail, `pace` holds it to what the server allows,
`connection` knows the protocol (and alone aiosmtplib), `access` brings the tokens of OAuth,
`trouble` says in one sentence what went wrong.

Nothing is imported here: aiosmtplib loads with the first mail.
"""
