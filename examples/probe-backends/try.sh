# Probes the backend of this folder as a user who has just logged in:
#
#   npx stepup emulator exec -- sh try.sh [--mistake NAME] [--provider dynamic]
#
# Ends with the probe's status: 0, or 3 when something gets in that must not. PORT is the backend's, 3000 by default.
port=${PORT:-3000}
node backend.mjs --port "$port" "$@" &
trap 'kill $! 2>/dev/null' EXIT

code='stepup emulator messages --wait 5 --code-only'
case " $* " in
*' dynamic '*)
  scope=wallet:export
  export STEPUP_PROVIDER=dynamic
  stepup login --email ada@example.com --code-command "$code"
  ;;
*)
  scope=transfer:write
  stepup config create --no-hook
  stepup scope add "$scope" --mode direct --step verify_sms
  stepup login --phone +33612345678 --code-command "$code"
  ;;
esac
api="http://127.0.0.1:$port"
stepup probe "$api/transfer" --scope "$scope" --allow-origin "$api" --code-command "$code"
