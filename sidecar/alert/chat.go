package alert

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
)

// tokenShape is the token of a bot of Telegram.
var tokenShape = regexp.MustCompile(`^[0-9]{1,20}:[A-Za-z0-9_-]{10,100}$`)

// telegram sends to a chat by a bot. The option api names another server of the API.
func telegram(t *Target, u *url.URL, query url.Values, open bool) error {
	t.Name = "telegram"
	if err := only(query, "chats", "api"); err != nil {
		return err
	}
	password, _ := u.User.Password()
	token := u.User.Username() + ":" + password
	if !tokenShape.MatchString(token) {
		return errors.New(`expected the token of a bot such as "telegram://123:ABC...@telegram/?chats=ID", found none`)
	}
	chats := listOf(query, "chats")
	if len(chats) != 1 {
		return fmt.Errorf("expected the number of one chat in ?chats=ID, found %d; give an address for each chat", len(chats))
	}
	host, err := apiHost(query, "api.telegram.org")
	if err != nil {
		return err
	}
	client, to := newHTTP(), scheme(open)+"://"+host+"/bot"+token+"/sendMessage"
	t.send = func(ctx context.Context, m Message) error {
		// Without parse_mode, the text is plain.
		body, err := json.Marshal(map[string]any{
			"chat_id": chats[0], "text": m.subject() + "\n" + m.Text, "disable_notification": !m.Urgent, "link_preview_options": map[string]any{"is_disabled": true},
		})
		if err != nil {
			return err
		}
		return post(ctx, client, http.MethodPost, to, jsonHeader(), body)
	}
	return nil
}

// webhookShape is the number of a webhook of Discord.
var webhookShape = regexp.MustCompile(`^[0-9]{1,30}$`)

// discord sends to a channel by its webhook.
func discord(t *Target, u *url.URL, query url.Values, open bool) error {
	t.Name = "discord"
	if err := only(query, "api"); err != nil {
		return err
	}
	token := u.User.Username()
	if token == "" || !webhookShape.MatchString(u.Host) {
		return errors.New(`expected the token and the number of a webhook such as "discord://TOKEN@123", found none`)
	}
	t.secrets = append(t.secrets, u.Host)
	host, err := apiHost(query, "discord.com")
	if err != nil {
		return err
	}
	client, to := newHTTP(), scheme(open)+"://"+host+"/api/webhooks/"+u.Host+"/"+url.PathEscape(token)
	t.send = func(ctx context.Context, m Message) error {
		const noPreviews = 1 << 2
		body, err := json.Marshal(map[string]any{
			"content": m.subject() + "\n" + m.Text, "flags": noPreviews, "allowed_mentions": map[string]any{"parse": []string{}},
		})
		if err != nil {
			return err
		}
		return post(ctx, client, http.MethodPost, to, jsonHeader(), body)
	}
	return nil
}

// matrix sends to a room by an access token.
func matrix(t *Target, u *url.URL, query url.Values, open bool) error {
	t.Name = "matrix (" + u.Hostname() + ")"
	if err := only(query, "rooms"); err != nil {
		return err
	}
	token, _ := u.User.Password()
	rooms := listOf(query, "rooms")
	if token == "" || len(rooms) != 1 {
		return errors.New(`expected an access token and one room such as "matrix://:TOKEN@HOST/?rooms=!ID:HOST"; give an address for each room`)
	}
	client, header := newHTTP(), jsonHeader()
	header.Set("Authorization", "Bearer "+token)
	t.send = func(ctx context.Context, m Message) error {
		body, err := json.Marshal(map[string]any{"msgtype": "m.text", "body": m.subject() + "\n" + m.Text})
		if err != nil {
			return err
		}
		to := fmt.Sprintf("%s://%s/_matrix/client/v3/rooms/%s/send/m.room.message/%s", scheme(open), u.Host, url.PathEscape(rooms[0]), rand.Text())
		return post(ctx, client, http.MethodPut, to, header, body)
	}
	return nil
}

// apiHost returns the host of an API, which an option may replace.
func apiHost(query url.Values, usual string) (string, error) {
	host := query.Get("api")
	if host == "" {
		host = usual
	}
	u, err := url.Parse("https://" + host)
	if err != nil || u.Host != host {
		return "", errors.New("expected a host such as ?api=bot.example:8081, found something else")
	}
	return host, nil
}
