package alert

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"

	gomail "github.com/wneessen/go-mail"
)

// mail sends a mail by a server of the owner: smtp with STARTTLS, which is required, smtps with TLS from the
// start, and smtp+plain without TLS.
func mail(t *Target, u *url.URL, query url.Values, open bool) error {
	t.Name = "mail (" + u.Hostname() + ")"
	if err := only(query, "from", "to"); err != nil {
		return err
	}
	from, to := query.Get("from"), listOf(query, "to")
	if from == "" || len(to) == 0 {
		return errors.New("expected addresses in ?from=ADDRESS&to=ADDRESS, found none")
	}
	if err := letterhead(gomail.NewMsg(), from, to); err != nil {
		return err
	}
	port := 587
	secure := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	options := []gomail.Option{gomail.WithTimeout(sendPatience), gomail.WithTLSConfig(secure)}
	auth := gomail.SMTPAuthAutoDiscover
	switch {
	case u.Scheme == "smtps":
		port = 465
		options = append(options, gomail.WithSSL())
	case open:
		port, auth = 25, gomail.SMTPAuthPlainNoEnc
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if text := u.Port(); text != "" {
		number, err := strconv.ParseUint(text, 10, 16)
		if err != nil || number == 0 {
			return fmt.Errorf("expected a port, found %.10q", text)
		}
		port = int(number)
	}
	options = append(options, gomail.WithPort(port))
	if password, has := u.User.Password(); has {
		options = append(options, gomail.WithSMTPAuth(auth), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	host := u.Hostname()
	t.send = func(ctx context.Context, m Message) error {
		letter := gomail.NewMsg()
		if err := letterhead(letter, from, to); err != nil {
			return err
		}
		letter.Subject(m.subject())
		letter.SetDate()
		letter.SetBodyString(gomail.TypeTextPlain, m.Text+"\n")
		// A client belongs to one connection.
		dial, hangUp := dialer(ctx, secure, u.Scheme == "smtps")
		defer hangUp()
		client, err := gomail.NewClient(host, append(slices.Clone(options), gomail.WithDialContextFunc(dial))...)
		if err != nil {
			return err
		}
		return client.DialAndSendWithContext(ctx, letter)
	}
	return nil
}

// dialer returns a function that opens a connection which ends with a context, also while the server says
// nothing. The function hangUp frees what waits for that.
func dialer(until context.Context, secure *tls.Config, wrapped bool) (dial gomail.DialContextFunc, hangUp func()) {
	forget := func() bool { return true }
	dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		forget = context.AfterFunc(until, func() { _ = conn.Close() })
		if wrapped {
			return tls.Client(conn, secure), nil
		}
		return conn, nil
	}
	return dial, func() { forget() }
}

// letterhead sets the addresses of a mail. Its errors do not contain them.
func letterhead(letter *gomail.Msg, from string, to []string) error {
	if letter.From(from) != nil || letter.To(to...) != nil {
		return errors.New("expected addresses such as you@example.org in from and to, found others")
	}
	return nil
}
