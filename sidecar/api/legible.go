package api

import (
	"context"
	"log/slog"
	"runtime/debug"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// legible replaces bytes in the texts of a message that are not UTF-8. Errors contain what servers and
// drivers say, and a message with such bytes would not be sent at all.
func legible(m protoreflect.Message) {
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsMap():
			value.Map().Range(func(key protoreflect.MapKey, entry protoreflect.Value) bool {
				if field.MapValue().Kind() == protoreflect.StringKind {
					value.Map().Set(key, protoreflect.ValueOfString(valid(entry.String())))
				}
				return true
			})
		case field.IsList():
			list := value.List()
			for i := range list.Len() {
				switch field.Kind() {
				case protoreflect.StringKind:
					list.Set(i, protoreflect.ValueOfString(valid(list.Get(i).String())))
				case protoreflect.MessageKind:
					legible(list.Get(i).Message())
				default:
				}
			}
		case field.Kind() == protoreflect.StringKind:
			m.Set(field, protoreflect.ValueOfString(valid(value.String())))
		case field.Kind() == protoreflect.MessageKind:
			legible(value.Message())
		}
		return true
	})
}

func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// guarded answers with an error if an answer panics. The daemon holds work that costs bond when it
// ends, and what it shows depends on what servers of others say.
func guarded(logger *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (answer any, err error) {
		defer func() {
			if fault := recover(); fault != nil {
				logger.Error("an answer of the api has failed; please report this", "method", info.FullMethod, "fault", fault, "stack", string(debug.Stack()))
				err = status.Error(codes.Internal, "the daemon cannot answer because of a fault in it; its log says which")
			}
		}()
		return handler(ctx, req)
	}
}
