package alert

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// webhook sends a JSON object to an address. A user and a password in it become the header
// Authorization.
func webhook(t *Target, u *url.URL, _ url.Values, _ bool) error {
	t.Name = "webhook (" + u.Hostname() + ")"
	if strings.Contains(u.Scheme, "+") {
		return errors.New(`expected "https://", found another scheme`)
	}
	address, header := *u, jsonHeader()
	authorize(header, u.User)
	address.User, address.Fragment = nil, ""
	client, to := newHTTP(), address.String()
	t.send = func(ctx context.Context, m Message) error {
		body, err := json.Marshal(map[string]any{
			"kind": m.Kind, "state": m.State, "node": m.Node, "title": m.Title, "text": m.Text, "urgent": m.Urgent,
			// Chats with incoming webhooks show this field.
			"message": m.subject() + "\n" + m.Text,
		})
		if err != nil {
			return err
		}
		return post(ctx, client, http.MethodPost, to, header, body)
	}
	return nil
}

// ntfy publishes to a topic of a server of ntfy, as JSON, so that no text is part of a header.
func ntfy(t *Target, u *url.URL, query url.Values, open bool) error {
	t.Name = "ntfy (" + u.Hostname() + ")"
	topic := strings.Trim(u.Path, "/")
	if topic == "" || strings.Contains(topic, "/") {
		return errors.New(`expected a topic such as "ntfy://ntfy.sh/TOPIC", found none`)
	}
	if err := only(query, "tags"); err != nil {
		return err
	}
	header := jsonHeader()
	authorize(header, u.User)
	client, to, tags := newHTTP(), scheme(open)+"://"+u.Host+"/", listOf(query, "tags")
	t.send = func(ctx context.Context, m Message) error {
		publication := map[string]any{"topic": topic, "title": m.subject(), "message": m.Text, "priority": 3}
		if m.Urgent {
			publication["priority"] = 4
		}
		if len(tags) > 0 {
			publication["tags"] = tags
		}
		body, err := json.Marshal(publication)
		if err != nil {
			return err
		}
		return post(ctx, client, http.MethodPost, to, header, body)
	}
	return nil
}

func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json; charset=utf-8"}}
}

// authorize adds what a user and a password of an address stand for. A password without a user is a
// token.
func authorize(header http.Header, user *url.Userinfo) {
	if user == nil {
		return
	}
	password, _ := user.Password()
	if user.Username() == "" {
		header.Set("Authorization", "Bearer "+password)
		return
	}
	header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
}

func scheme(open bool) string {
	if open {
		return "http"
	}
	return "https"
}
