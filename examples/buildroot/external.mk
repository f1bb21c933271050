include $(sort $(wildcard $(BR2_EXTERNAL_RUNTIME_PATH)/package/*/*.mk))
