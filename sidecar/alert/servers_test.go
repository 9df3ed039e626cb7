package alert

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// secret is the secret in the addresses of tests.
const secret = "s3cr3tT0ken"

// request is what a server was sent.
type request struct {
	Method, Path, Authorization string
	Body                        map[string]any
}

// listener is a server that notes what it is sent.
type listener struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
	// answer decides what is answered; nil answers 200.
	answer http.HandlerFunc
}

func listen(t *testing.T, answer http.HandlerFunc) *listener {
	l := &listener{answer: answer}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		got := request{Method: r.Method, Path: r.URL.Path, Authorization: r.Header.Get("Authorization")}
		_ = json.Unmarshal(raw, &got.Body)
		l.mu.Lock()
		l.requests = append(l.requests, got)
		answer := l.answer
		l.mu.Unlock()
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(func() {
		l.CloseClientConnections() // an answer that its client did not read to the end may still be written
		l.Close()
	})
	return l
}

func (l *listener) host() string { return strings.TrimPrefix(l.URL, "http://") }

func (l *listener) got() []request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]request{}, l.requests...)
}

func (l *listener) answers(answer http.HandlerFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = answer
}

// parsed returns the target of an address.
func parsed(t *testing.T, address string) *Target {
	t.Helper()
	targets, err := ParseTargets([]string{address}, false)
	require.NoError(t, err)
	return targets[0]
}

// post office is a server of SMTP that keeps what it gets.
type postOffice struct {
	address string
	mu      sync.Mutex
	// letters are the contents of mails, and logins what clients said in AUTH.
	letters, logins []string
}

// openPostOffice starts a server of SMTP without TLS.
func openPostOffice(t *testing.T) *postOffice {
	t.Helper()
	door, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &postOffice{address: door.Addr().String()}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := door.Accept()
			if err != nil {
				return
			}
			all.Go(func() { p.attend(conn) })
		}
	})
	t.Cleanup(func() {
		_ = door.Close()
		all.Wait()
	})
	return p
}

func (p *postOffice) attend(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	in := bufio.NewReader(conn)
	say := func(text string) { _, _ = fmt.Fprintf(conn, "%s\r\n", text) }
	say("220 post office")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-post office\r\n250-AUTH PLAIN\r\n250 8BITMIME")
		case "AUTH":
			p.mu.Lock()
			p.logins = append(p.logins, rest)
			p.mu.Unlock()
			say("235 welcome")
		case "DATA":
			say("354 go on")
			var letter strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				letter.WriteString(line)
			}
			p.mu.Lock()
			p.letters = append(p.letters, letter.String())
			p.mu.Unlock()
			say("250 kept")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 yes")
		}
	}
}

func (p *postOffice) got() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.letters...)
}

// sample is a message.
func sample() Message {
	return Message{Kind: Jailed, State: Begins, Node: "rig", Title: "The node is jailed", Text: "Until block 7.\nTo do: wait", Urgent: true}
}

func TestEachKindOfTargetGetsAMessageInItsForm(t *testing.T) {
	l := listen(t, nil)
	for address, want := range map[string]request{
		"http://user:" + secret + "@" + l.host() + "/hook": {
			Method: "POST", Path: "/hook", Authorization: "Basic dXNlcjpzM2NyM3RUMGtlbg==",
			Body: map[string]any{"kind": "jailed", "state": "begins", "node": "rig", "title": "The node is jailed", "text": "Until block 7.\nTo do: wait", "urgent": true, "message": "[rig] The node is jailed\nUntil block 7.\nTo do: wait"},
		},
		"ntfy+http://:" + secret + "@" + l.host() + "/my-topic?tags=rig,alert": {
			Method: "POST", Path: "/", Authorization: "Bearer " + secret,
			Body: map[string]any{"topic": "my-topic", "title": "[rig] The node is jailed", "message": "Until block 7.\nTo do: wait", "priority": 4.0, "tags": []any{"rig", "alert"}},
		},
		"telegram+http://123:" + secret + "@telegram/?chats=42&api=" + l.host(): {
			Method: "POST", Path: "/bot123:" + secret + "/sendMessage",
			Body: map[string]any{"chat_id": "42", "text": "[rig] The node is jailed\nUntil block 7.\nTo do: wait", "disable_notification": false, "link_preview_options": map[string]any{"is_disabled": true}},
		},
		"discord+http://" + secret + "@991/?api=" + l.host(): {
			Method: "POST", Path: "/api/webhooks/991/" + secret,
			Body: map[string]any{"content": "[rig] The node is jailed\nUntil block 7.\nTo do: wait", "flags": 4.0, "allowed_mentions": map[string]any{"parse": []any{}}},
		},
		"matrix+http://:" + secret + "@" + l.host() + "/?rooms=!room:example.org": {
			Method: "PUT", Path: "/_matrix/client/v3/rooms/!room:example.org/send/m.room.message/", Authorization: "Bearer " + secret,
			Body: map[string]any{"msgtype": "m.text", "body": "[rig] The node is jailed\nUntil block 7.\nTo do: wait"},
		},
	} {
		targets, err := ParseTargets([]string{address}, true)
		require.NoError(t, err)
		before := len(l.got())
		require.NoError(t, targets[0].Send(t.Context(), sample()))
		got := l.got()[before:]
		require.Len(t, got, 1)
		if want.Method == http.MethodPut {
			require.True(t, strings.HasPrefix(got[0].Path, want.Path), got[0].Path)
			got[0].Path = want.Path
		}
		require.Equal(t, want, got[0])
	}
}

func TestAMailArrivesWithItsTextAndWithoutHeadersOfStrangers(t *testing.T) {
	office := openPostOffice(t)
	target := parsed(t, "smtp+plain://me:"+secret+"@"+office.address+"/?from=node@example.org&to=me@example.org,you@example.org")
	m := sample()
	m.Title = plain("jailed\r\nBcc: victim@example.org\r\n\r\n<b>body</b> ü", maxTitle)
	m.Text = "line\n.\nQUIT\n"
	require.NoError(t, target.Send(t.Context(), m))
	letters := office.got()
	require.Len(t, letters, 1)
	head, body, found := strings.Cut(letters[0], "\r\n\r\n")
	require.True(t, found)
	for line := range strings.SplitSeq(head, "\r\n") {
		require.False(t, strings.HasPrefix(strings.ToLower(line), "bcc:"), head)
	}
	require.Contains(t, head, "To: <me@example.org>, <you@example.org>")
	require.Contains(t, body, "QUIT")
	require.Len(t, office.logins, 1)
}

func TestARedirectIsNotFollowed(t *testing.T) {
	other := listen(t, nil)
	l := listen(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/stolen", http.StatusTemporaryRedirect)
	})
	err := parsed(t, "ntfy+http://:"+secret+"@"+l.host()+"/topic").Send(t.Context(), sample())
	require.ErrorContains(t, err, "redirect")
	require.Empty(t, other.got())
}

// TestNoErrorContainsASecret: errors go to the log, to the dashboard and to the terminal.
func TestNoErrorContainsASecret(t *testing.T) {
	l := listen(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, "no such token: %s %s\x1b[2J%s", r.URL.Path, r.Header.Get("Authorization"), strings.Repeat("x", 1<<20))
	})
	closed := listen(t, nil)
	closed.Close()
	for _, at := range []string{l.host(), closed.host()} {
		for _, address := range []string{
			"http://" + at + "/" + secret + "/hook?key=" + secret, "ntfy+http://:" + secret + "@" + at + "/" + secret,
			"telegram+http://123:" + secret + "@telegram/?chats=42&api=" + at, "discord+http://" + secret + "@991/?api=" + at,
			"matrix+http://:" + secret + "@" + at + "/?rooms=!r:x", "smtp+plain://me:" + secret + "@" + at + "/?from=a@b.c&to=d@e.f",
		} {
			target := parsed(t, address)
			// A server of HTTP says nothing before a client of SMTP does.
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			err := target.Send(ctx, sample())
			cancel()
			require.Error(t, err, target.Name)
			require.NotContains(t, err.Error(), secret)
			require.NotContains(t, err.Error(), "\x1b")
			require.Less(t, len(err.Error()), 600)
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", target, target, target), secret)
		}
	}
}

// TestASecretThatIsCutOffIsNotShownEither: what a server says is shown up to a length, and read up to another.
func TestASecretThatIsCutOffIsNotShownEither(t *testing.T) {
	const said = 190 // bytes before the secret, of the 200 that are shown
	for _, before := range []string{
		strings.Repeat("x", said), strings.Repeat("x", said-7), strings.Repeat("x", said+4),
		strings.Repeat(" ", maxAnswer-15), strings.Repeat(" ", maxAnswer-20),
	} {
		l := listen(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, before+r.URL.Path+strings.Repeat("y", maxAnswer))
		})
		err := parsed(t, "telegram+http://123:"+secret+"@telegram/?chats=42&api="+l.host()).Send(t.Context(), sample())
		require.ErrorContains(t, err, "status 404")
		require.NotContains(t, err.Error(), secret[:2], "%d", len(before))
	}
}

func TestAWrongAddressIsRefusedWithoutBeingShown(t *testing.T) {
	for address, want := range map[string]string{
		secret: "expected an address", "ftp://x/" + secret: "scheme", "http://example.org/" + secret: "TLS",
		"ntfy+http://example.org/" + secret: "TLS", "ntfy://host/a/" + secret: "topic", "ntfy://host/": "topic",
		"telegram://" + secret + "@telegram/?chats=1": "token", "telegram://1:" + secret + "@telegram/": "chats",
		"telegram://1:" + secret + "@telegram/?chats=1,2": "one chat", "telegram+http://1:" + secret + "@telegram/?chats=1&api=example.org": "TLS", "telegram+http://1:" + secret + "@telegram/?chats=1": "TLS",
		"discord://" + secret + "@host": "webhook", "matrix://:" + secret + "@host/": "room", "smtp://x:" + secret + "@host/": "from",
		"smtp://x:" + secret + "@host/?from=a&to=b@c\r\nBcc:d@e": "expected an address", "smtp://x:" + secret + "@host:0/?from=a@b.c&to=b@c.d": "port",
		"smtp://x:" + secret + "@host/?from=a@b.c&to=b@c.d&verify=no": "options", "%zz" + secret: "expected an address",
	} {
		_, err := ParseTargets([]string{address}, false)
		require.ErrorContains(t, err, want, address)
		require.ErrorContains(t, err, "address 1")
		require.NotContains(t, err.Error(), secret)
	}
	_, err := ParseTargets([]string{"http://example.org/x"}, true)
	require.NoError(t, err, "the owner may want it")
	_, err = ParseTargets([]string{"https://example.org/x", "https://example.org/x"}, false)
	require.ErrorContains(t, err, "once")
}

// TestAServerThatHangsIsGivenUp with the context of the daemon, so that it can end at once.
func TestAServerThatHangsIsGivenUp(t *testing.T) {
	door, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = door.Close() }()
	for _, address := range []string{
		"http://" + door.Addr().String() + "/hook", "smtp+plain://" + door.Addr().String() + "/?from=a@b.c&to=d@e.f",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		err := parsed(t, address).Send(ctx, sample())
		cancel()
		require.Error(t, err, address)
	}
}
