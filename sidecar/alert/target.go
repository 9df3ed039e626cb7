package alert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/thetaedge/theta/sidecar/overview"
)

// Target is where alerts are sent. Neither its name nor its errors contain a secret.
type Target struct {
	// ID names the target over restarts.
	ID string
	// Name says what the target is and on which host, for people.
	Name string

	send    func(ctx context.Context, m Message) error
	secrets []string
}

// Send sends a message. The error says why the target did not accept it.
func (t *Target) Send(parent context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(parent, sendPatience)
	defer cancel()
	err := t.send(ctx, m)
	if err == nil {
		return nil
	}
	text := hide(err.Error(), t.secrets, false)
	var answer *refused
	switch {
	case errors.As(err, &answer):
		text = answer.shown(t.secrets)
	case errors.Is(err, context.DeadlineExceeded):
		text = fmt.Sprintf("gave no answer within %s", sendPatience)
	}
	return fmt.Errorf("%s: %s", t.Name, overview.Line(text, maxError))
}

// String hides the secrets of a target from everything that prints it.
func (t *Target) String() string { return t.Name }

// GoString implements fmt.GoStringer.
func (t *Target) GoString() string { return t.Name }

// forms describes the addresses that ParseTargets reads.
//
//nolint:gosec // it contains no password, only where one stands
const forms = `"https://HOST/PATH" (a webhook), "ntfy://HOST/TOPIC", "smtp://USER:PASSWORD@HOST:587/?from=ADDRESS&to=ADDRESS", "telegram://TOKEN@telegram/?chats=ID", "discord://TOKEN@WEBHOOK" or "matrix://:TOKEN@HOST/?rooms=ROOM"`

// ParseTargets reads the addresses of targets. Without plaintext, it refuses those that would send
// secrets over a network without TLS. The errors name an address by its number and not by its text.
func ParseTargets(addresses []string, plaintext bool) ([]*Target, error) {
	var targets []*Target
	for i, address := range addresses {
		t, err := parseTarget(strings.TrimSpace(address), plaintext)
		if err != nil {
			return nil, fmt.Errorf("address %d: %w", i+1, err)
		}
		if slices.ContainsFunc(targets, func(other *Target) bool { return other.ID == t.ID }) {
			return nil, fmt.Errorf("address %d: expected each address once, found it twice", i+1)
		}
		targets = append(targets, t)
	}
	return targets, nil
}

func parseTarget(address string, plaintext bool) (*Target, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || u.Host == "" || u.Opaque != "" {
		return nil, fmt.Errorf("expected an address such as %s, found one that is not", forms)
	}
	sum := sha256.Sum256([]byte(address))
	t := &Target{ID: hex.EncodeToString(sum[:8]), secrets: secretsOf(u)}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("expected options such as ?from=ADDRESS&to=ADDRESS, found some that are not")
	}
	kind, variant, _ := strings.Cut(u.Scheme, "+")
	open := variant == "http" || variant == "plain" || u.Scheme == "http"
	host := u.Hostname()
	if kind == "telegram" || kind == "discord" {
		host, _, _ = strings.Cut(query.Get("api"), ":") // the host of the address is not one
	}
	if open && !plaintext && !onThisMachine(host) {
		return nil, fmt.Errorf("expected an address with TLS, found one of %s://, which shows alerts and secrets to the network; set alerts.insecure-plaintext if that is what you want", u.Scheme)
	}
	build := map[string]func(*Target, *url.URL, url.Values, bool) error{
		"https": webhook, "http": webhook, "ntfy": ntfy, "smtp": mail, "smtps": mail, "telegram": telegram, "discord": discord, "matrix": matrix,
	}[kind]
	if build == nil || variant != "" && variant != "http" && variant != "plain" {
		return nil, fmt.Errorf("expected an address such as %s, found scheme %.20q", forms, u.Scheme)
	}
	if err := build(t, u, query, open); err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	return t, nil
}

// secretsOf returns the parts of an address that may be secret, longest first.
func secretsOf(u *url.URL) []string {
	var parts []string
	add := func(part string) {
		if len(part) >= 4 {
			parts = append(parts, part, url.PathEscape(part), url.QueryEscape(part))
		}
	}
	if u.User != nil {
		password, _ := u.User.Password()
		add(u.User.Username())
		add(password)
		add(u.User.Username() + ":" + password)
	}
	add(strings.Trim(u.Path, "/"))
	for _, part := range strings.Split(u.Path, "/") {
		add(part)
	}
	add(u.RawQuery)
	for _, values := range u.Query() {
		for _, value := range values {
			add(value)
		}
	}
	slices.SortFunc(parts, func(x, y string) int { return len(y) - len(x) })
	return slices.Compact(parts)
}

// onThisMachine reports whether a host is this machine.
func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// only refuses options that a kind of targets does not have.
func only(query url.Values, known ...string) error {
	for name := range query {
		if !slices.Contains(known, name) {
			return fmt.Errorf("expected options out of %v, found %.20q", known, name)
		}
	}
	return nil
}

// listOf returns the items of an option, which are separated by commas.
func listOf(query url.Values, name string) []string {
	var list []string
	for _, item := range strings.Split(query.Get(name), ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}
