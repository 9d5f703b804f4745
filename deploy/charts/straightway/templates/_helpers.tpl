{{/*
All names are fixed, because proxies, leases and webhooks refer to them: one release per namespace.
Objects without a namespace have that of the release in their name.
*/}}
{{- define "straightway.name" -}}straightway{{- end }}

{{- define "straightway.clusterName" -}}straightway-{{ .Release.Namespace }}{{- end }}

{{- define "straightway.selectorLabels" -}}
app.kubernetes.io/name: straightway
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "straightway.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "straightway.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: control-plane
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "straightway.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* Whether one of the webhooks is on: "true" or "". */}}
{{- define "straightway.webhooks" -}}
{{- if or .Values.webhooks.validation.enabled .Values.webhooks.injection.enabled }}true{{ end -}}
{{- end }}

{{/* The options of `straightway serve`, as a YAML list. */}}
{{- define "straightway.args" -}}
- serve
- --kubernetes
{{- range .Values.namespaces }}
- --namespace={{ . }}
{{- end }}
{{- with .Values.revision }}
- --revision={{ . }}
{{- end }}
- --root-namespace={{ .Values.rootNamespace }}
- --xds-tls-address=0.0.0.0:18443
- --tls-secret={{ .Release.Namespace }}/{{ .Values.tls.secretName }}
- --tls-name=straightway.{{ .Release.Namespace }}.svc
- --tls-name=straightway.{{ .Release.Namespace }}.svc.cluster.local
{{- range .Values.tls.names }}
- --tls-name={{ . }}
{{- end }}
- --xds-token-audience={{ .Values.xds.tokenAudience }}
{{- if .Values.xds.clientCA.configMap }}
- --xds-client-ca=/etc/straightway/client-ca/ca.crt
- --xds-mtls-address=0.0.0.0:18444
{{- end }}
{{- if .Values.xds.anonymous }}
- --xds-anonymous
{{- end }}
{{- if include "straightway.webhooks" . }}
- --webhook-address=0.0.0.0:9443
{{- end }}
- --health-address=0.0.0.0:18080
- {{ .Values.writeStatus | ternary "--write-status" "--no-write-status" }}
- --state=/var/lib/straightway
- --vanish-grace={{ .Values.vanishGraceSeconds }}
{{- with .Values.maxConnectionAgeSeconds }}
- --max-connection-age={{ . }}
{{- end }}
- --log-format=json
- --log-level={{ .Values.logLevel }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}

{{/* Values that fit the schema one by one, but not together. */}}
{{- define "straightway.checks" -}}
{{- if not (or .Values.xds.tokenAudience .Values.xds.clientCA.configMap .Values.xds.anonymous) }}
{{- fail "No proxy could connect: set xds.tokenAudience or xds.clientCA.configMap (or xds.anonymous)." }}
{{- end }}
{{- end }}
