package chat_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/chat"
)

func message(role, content string) chat.Message { return chat.Message{Role: role, Content: content} }

func TestAConversationTakesTurnsAndEndsWithTheUser(t *testing.T) {
	format := chat.Format{Version: chat.FormatVersion, Start: "<", AfterUser: "|", AfterAssistant: "^", Generate: ">"}
	for _, c := range []struct {
		messages []chat.Message
		says     string
	}{
		{nil, "at the end"},
		{[]chat.Message{message("system", "s")}, "at the end"},
		{[]chat.Message{message("assistant", "a")}, "role user as number 1"},
		{[]chat.Message{message("system", "s"), message("assistant", "a")}, "role user as number 2"},
		{[]chat.Message{message("user", "a"), message("user", "b")}, "role assistant as number 2"},
		{[]chat.Message{message("user", "a"), message("assistant", "b")}, "at the end"},
		{[]chat.Message{message("user", "a"), message("system", "b"), message("user", "c")}, "role assistant as number 2"},
		{[]chat.Message{message("tool", "a")}, `found "tool"`},
	} {
		_, err := format.Parts(c.messages, false)
		require.ErrorContains(t, err, c.says)
	}
	text, err := format.Render([]chat.Message{message("user", "a"), message("assistant", "b"), message("user", "c")}, false)
	require.NoError(t, err)
	require.Equal(t, "<a|b^c>", text)
	_, err = format.Render([]chat.Message{message("user", "a")}, true)
	require.ErrorContains(t, err, "expected a model that can be told not to think")
}

func TestMessagesArePlainAndFixedTextsAreNot(t *testing.T) {
	format := chat.Format{Version: chat.FormatVersion, BeforeSystem: "1", AfterSystem: "2", AfterUser: "3", AfterAssistant: "4", Generate: "5"}
	parts, err := format.Parts([]chat.Message{message("system", "s"), message("user", "a"), message("assistant", "b"), message("user", "c")}, false)
	require.NoError(t, err)
	var text string
	for _, p := range parts {
		require.Equal(t, p.Text >= "a", p.Plain, p.Text)
		text += p.Text
	}
	require.Equal(t, "1s2a3b4c5", text)
}

func FuzzParseRefusesOrKeepsAFormat(f *testing.F) {
	f.Add([]byte(`{"version":1,"start":"a","before_system":"b","after_system":"c","after_user":"d","after_assistant":"e","generate":"f"}`))
	f.Add([]byte(`{"version":2}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		format, err := chat.Parse(text)
		if err != nil {
			return
		}
		encoded, err := format.Encode()
		require.NoError(t, err)
		again, err := chat.Parse(encoded)
		require.NoError(t, err)
		require.Equal(t, format, again)
	})
}
